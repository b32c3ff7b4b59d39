// Stock is PocketBase as it comes: the rival of the library's lists. On serve it
// imports the collections in the JSON file that BENCH_COLLECTIONS names.
package main

import (
	"fmt"
	"os"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
)

func main() {
	app := pocketbase.New()
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.InstallerFunc = nil // nobody is there to see its page
		if path := os.Getenv("BENCH_COLLECTIONS"); path != "" {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := e.App.ImportCollectionsByMarshaledJSON(text, false); err != nil {
				return err
			}
		}
		return e.Next()
	})
	if err := app.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
