package server

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/config"
)

// Connections to the database that are open at most and kept at most, each
// with a page cache of its own: this bounds the memory that reading takes.
const (
	openConnections = 8
	keptConnections = 4
)

// NewApp returns PocketBase on the configured data folder, not yet bootstrapped.
func NewApp(c config.Config) core.App {
	return core.NewBaseApp(core.BaseAppConfig{
		DataDir:          c.DataDir,
		EncryptionEnv:    config.EncryptionKeyEnv,
		DataMaxOpenConns: openConnections,
		DataMaxIdleConns: keptConnections,
		AuxMaxOpenConns:  4,
		AuxMaxIdleConns:  1,
		DBConnect:        connect,
	})
}

// connect opens a database as PocketBase does, but with a cache of 4 MiB a
// connection instead of 32, and so that a commit outlives a power cut.
func connect(path string) (*dbx.DB, error) {
	// busy_timeout comes first: switching to WAL may have to wait.
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"+
		"&_pragma=journal_size_limit(67108864)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)"+
		"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-4096)&_defensive=1")
}
