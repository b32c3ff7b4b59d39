// Package quiet marks the context of a save that nobody is to hear of: what an
// import moves over alerted whom it concerned long ago, and is no act of today.
// Rooms that notify or audit ask Is; what keeps the data right runs all the same.
package quiet

import "context"

type key struct{}

// With returns a context whose saves send no notice, mail or push, and leave no
// row in the audit: app.SaveWithContext(quiet.With(ctx), record).
func With(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, true)
}

// Is says whether ctx came from With, as in Is(e.Context) within a record event.
// A nil ctx, as an event made by hand may carry, is not quiet.
func Is(ctx context.Context) bool {
	return ctx != nil && ctx.Value(key{}) != nil
}
