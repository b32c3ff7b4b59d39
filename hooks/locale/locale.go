// Package locale is the room that knows in whose language and by whose clock a
// request is answered: it words every error, refuses unknown time zones, reads filters
// by the caller's clock, shows instants by it, and tells the other rooms both.
package locale

import (
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/schema"
	"onlibrary/internal/translate"
)

const (
	// Outside the activity logger, so that the log keeps the English text.
	errorsPriority = apis.DefaultActivityLoggerMiddlewarePriority - 10
	// Inside the rate limit, so that nobody asks for zones without bound.
	zonePriority = apis.DefaultRateLimitMiddlewarePriority + 1
	// Inside the limit on bodies, which the request's info reads.
	filterPriority = apis.DefaultBodyLimitMiddlewarePriority + 1
	// Outside every other enrich hook: it acts when those have hidden their fields.
	localPriority = -1000
)

// Deps is what the room needs.
type Deps struct {
	Catalog *translate.Catalog
	Now     func() time.Time
}

type room struct {
	*Guide
	wording wording
	now     func() time.Time
}

// Bind furnishes the room: the requests' middlewares first, then record events.
// The Guide that it returns answers for the other rooms.
func Bind(app core.App, d Deps) *Guide {
	r := &room{Guide: newGuide(app, d.Catalog), wording: wording{d.Catalog}, now: d.Now}
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.locale.serve", Func: func(e *core.ServeEvent) error {
		e.Router.Bind(
			&hook.Handler[*core.RequestEvent]{Id: "onlibrary.locale.wordErrors", Func: r.wordErrors, Priority: errorsPriority},
			&hook.Handler[*core.RequestEvent]{Id: "onlibrary.locale.checkZone", Func: r.checkZone, Priority: zonePriority},
			&hook.Handler[*core.RequestEvent]{Id: "onlibrary.locale.localiseList", Func: r.localiseList, Priority: filterPriority},
		)
		r.library.defaults() // once, before many ask at a time
		if err := keepRules(e.App); err != nil {
			return err
		}
		return e.Next()
	}})
	app.OnBatchRequest().Bind(&hook.Handler[*core.BatchRequestEvent]{Id: "onlibrary.locale.checkBatch", Func: r.checkBatch})
	app.OnRealtimeConnectRequest().Bind(&hook.Handler[*core.RealtimeConnectRequestEvent]{Id: "onlibrary.locale.connectSubscriber", Func: r.connectSubscriber})
	app.OnRealtimeSubscribeRequest().Bind(&hook.Handler[*core.RealtimeSubscribeRequestEvent]{Id: "onlibrary.locale.checkSubscriptions", Func: r.checkSubscriptions})
	app.OnRecordEnrich().Bind(&hook.Handler[*core.RecordEnrichEvent]{Id: "onlibrary.locale.addLocal", Func: r.addLocal, Priority: localPriority})
	app.OnRecordValidate(schema.Users).Bind(&hook.Handler[*core.RecordEvent]{Id: "onlibrary.locale.checkUser", Func: r.checkUser})
	app.OnRecordValidate(schema.Library).Bind(&hook.Handler[*core.RecordEvent]{Id: "onlibrary.locale.checkLibrary", Func: r.checkLibrary})
	app.OnRecordAfterUpdateSuccess(schema.Library).Bind(&hook.Handler[*core.RecordEvent]{Id: "onlibrary.locale.rememberLibrary", Func: r.rememberLibrary})
	return r.Guide
}
