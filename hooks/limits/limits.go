// Package limits is the room that slows down guessing and bounds what one
// request may ask for: wrong passwords are counted by account, letters by
// address, every 429 says when to come back, and no path multiplies.
package limits

import (
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/tries"
)

// Bounds of the tries of one account, whether it exists or not.
const (
	failuresMost   = 10
	failuresWindow = 15 * time.Minute
	accountsMost   = 10_000 // remembered at once
	lettersMost    = 10     // asked for of a kind in failuresWindow
	addressMost    = 255    // bytes; PocketBase takes no longer one
)

// Deps is what the room needs from others.
type Deps struct {
	Now func() time.Time
}

type room struct {
	Deps
	failures, letters *tries.Counter
	turns             turns
}

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{
		Deps:     d,
		failures: tries.New(failuresMost, failuresWindow, accountsMost),
		letters:  tries.New(lettersMost, failuresWindow, accountsMost),
	}
	app.OnRecordAuthWithPasswordRequest().Bind(&hook.Handler[*core.RecordAuthWithPasswordRequestEvent]{
		Id: "onlibrary.limits.holdSignIn", Func: r.holdSignIn,
		Priority: 50, // when other rooms have found the account
	})
	app.OnRecordUpdateRequest().Bind(&hook.Handler[*core.RecordRequestEvent]{
		Id: "onlibrary.limits.holdOldPassword", Func: r.holdOldPassword,
		Priority: -50, // before other rooms look at the password
	})
	app.OnBatchRequest().Bind(&hook.Handler[*core.BatchRequestEvent]{Id: "onlibrary.limits.boundBatch", Func: boundBatch})
	app.OnRealtimeSubscribeRequest().Bind(&hook.Handler[*core.RealtimeSubscribeRequestEvent]{
		Id: "onlibrary.limits.boundSubscriptions", Func: boundSubscriptions,
	})
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.limits.serve", Func: func(e *core.ServeEvent) error {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{
			Id: "onlibrary.limits.sayWhen", Func: sayWhen,
			Priority: apis.DefaultRateLimitMiddlewarePriority - 1,
		}, &hook.Handler[*core.RequestEvent]{
			Id: "onlibrary.limits.boundReach", Func: boundReach,
			Priority: apis.DefaultRateLimitMiddlewarePriority + 1,
		}, &hook.Handler[*core.RequestEvent]{
			Id: "onlibrary.limits.holdRoutes", Func: r.holdRoutes,
			Priority: apis.DefaultBodyLimitMiddlewarePriority + 2, // it reads the body
		})
		return e.Next()
	}})
}
