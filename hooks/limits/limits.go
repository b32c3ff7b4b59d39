// Package limits is the room that slows down guessing: sign-ins that fail are
// counted by account, and every 429 says when to come back.
package limits

import (
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/tries"
)

// Bounds of the sign-ins of one account, whether it exists or not.
const (
	failuresMost   = 10
	failuresWindow = 15 * time.Minute
	accountsMost   = 10_000 // remembered at once
)

// Deps is what the room needs from others.
type Deps struct {
	Now func() time.Time
}

type room struct {
	Deps
	failures *tries.Counter
	turns    turns
}

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{Deps: d, failures: tries.New(failuresMost, failuresWindow, accountsMost)}
	app.OnRecordAuthWithPasswordRequest().Bind(&hook.Handler[*core.RecordAuthWithPasswordRequestEvent]{
		Id: "onlibrary.limits.countFailures", Func: r.countFailures,
		Priority: 50, // when other rooms have found the account
	})
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.limits.serve", Func: func(e *core.ServeEvent) error {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{
			Id: "onlibrary.limits.sayWhen", Func: sayWhen,
			Priority: apis.DefaultRateLimitMiddlewarePriority - 1,
		})
		return e.Next()
	}})
}
