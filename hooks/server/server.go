// Package server starts the library, listens and stops: the serve command and
// those about the program itself.
package server

import (
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/config"
)

// Deps is what the room needs from others.
type Deps struct {
	Config  config.Config
	Version string
	// Start and Stop run and end the work behind the requests.
	Start func() error
	Stop  func()
	// EnsureSuperuser makes the superuser that the settings name, if there is none.
	EnsureSuperuser func(app core.App, email, password string) error
	// SetupPath is the path, with its token, of the page that makes the first
	// superuser; empty when there is one.
	SetupPath func(app core.App, now time.Time) (string, error)
}

type room struct{ Deps }

// Deadlines of a connection. The long ones let a 2 GB upload over a slow line through.
const (
	headerDeadline = 10 * time.Second
	bodyDeadline   = 4 * time.Hour
	idleDeadline   = 2 * time.Minute
)

// spool is the folder, in the data folder, where large uploads wait.
const spool = "tmp"

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{d}
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.server.limits", Priority: -100, Func: limits})
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.server.first", Priority: -90, Func: r.first})
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.server.start", Priority: 998, Func: r.start})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Id: "onlibrary.server.stop", Func: func(e *core.TerminateEvent) error {
		r.Stop()
		return e.Next()
	}})
	app.OnBackupCreate().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.server.leaveOut", Func: func(e *core.BackupEvent) error {
		e.Exclude = append(e.Exclude, spool)
		return e.Next()
	}})
}

func limits(e *core.ServeEvent) error {
	e.InstallerFunc = nil // the set-up page does more than PocketBase's
	e.Server.ReadHeaderTimeout = headerDeadline
	e.Server.ReadTimeout = bodyDeadline
	e.Server.WriteTimeout = bodyDeadline
	e.Server.IdleTimeout = idleDeadline
	e.Server.MaxHeaderBytes = 64 << 10
	return e.Next()
}

// first brings the stored settings in line with the program's, now that the
// migrations have run.
func (r *room) first(e *core.ServeEvent) error {
	if s := e.App.Settings(); r.Config.PublicURL != "" && s.Meta.AppURL != r.Config.PublicURL {
		s.Meta.AppURL = r.Config.PublicURL
		if err := e.App.Save(s); err != nil {
			return err
		}
	}
	if r.Config.SuperuserEmail != "" {
		if err := r.EnsureSuperuser(e.App, r.Config.SuperuserEmail, r.Config.SuperuserPassword); err != nil {
			return err
		}
	}
	return e.Next()
}

func (r *room) start(e *core.ServeEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	return r.Start()
}

// makeSpool empties and makes the spool and has multipart forms wait there: the
// machine's own folder for such files may be memory.
func makeSpool(dataDir string) error {
	dir := filepath.Join(dataDir, spool)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Setenv("TMPDIR", dir)
}
