// Package imports brings in what other systems keep, by the import command, and
// lets who was moved here sign in with their old password.
package imports

import (
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/spf13/cobra"

	"onlibrary/internal/config"
	"onlibrary/internal/schema"
)

// Deps is what the command needs from others.
type Deps struct {
	// Text puts a key into words.
	Text func(language, key string, data map[string]any) string
	// Username returns wanted, or a free username that is like it.
	Username func(app core.App, wanted, name string, reserved func(username string) bool) (string, error)
	// AWS tells the keys of a bucket to read from.
	AWS func() config.AWS
	// Audit notes in one row what an import did, whose records have none.
	Audit func(app core.App, note string) error
	Now   func() time.Time
}

// hashing is how many old hashes are computed at a time: one may take 64 MiB.
const hashing = 2

type room struct {
	turns chan struct{}
}

// Bind furnishes the room.
func Bind(app core.App) {
	r := &room{turns: make(chan struct{}, hashing)}
	app.OnRecordAuthWithPasswordRequest(schema.Users).Bind(&hook.Handler[*core.RecordAuthWithPasswordRequestEvent]{
		Id: "onlibrary.imports.signIn", Func: r.signIn,
		Priority: 60, // within the count of failures
	})
	app.OnRecordUpdate(schema.Users).Bind(on("dropLegacyHash", dropLegacyHash, 0))
	app.OnRecordCreateRequest(schema.Users).Bind(asked("hold", hold))
	app.OnRecordUpdateRequest(schema.Users).Bind(asked("holdAgain", hold))
	app.OnRecordEnrich(schema.Users).Bind(&hook.Handler[*core.RecordEnrichEvent]{Id: "onlibrary.imports.hide", Func: hide})
	app.OnRecordCreate(schema.Documents).Bind(on("keepFileDate", keepFileDate, 10)) // after the intake, which dates it now
}

func on(act string, f func(*core.RecordEvent) error, priority int) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.imports." + act, Func: f, Priority: priority}
}

func asked(act string, f func(*core.RecordRequestEvent) error) *hook.Handler[*core.RecordRequestEvent] {
	return &hook.Handler[*core.RecordRequestEvent]{Id: "onlibrary.imports." + act, Func: f}
}

// Command returns the import command. It works beside a running server.
func Command(app core.App, d Deps) *cobra.Command {
	c := &cobra.Command{
		Use: "import", Short: "Bring in what other systems keep",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(flaskCommand(app, d))
	return c
}
