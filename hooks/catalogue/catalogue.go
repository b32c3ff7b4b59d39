// Package catalogue keeps documents, categories and shares: what may come in,
// what is derived from a file, who may see which field, and how files go out.
package catalogue

import (
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/schema"
)

// Deps is what the room needs from others.
type Deps struct {
	// Text puts a key into words; Language is the reader's.
	Text     func(language, key string, data map[string]any) string
	Language func(info *core.RequestInfo) string
	Now      func() time.Time
}

type room struct{ Deps }

// afterFileCopy is a priority behind PocketBase's copying of files (99): a
// transaction opened earlier would hold the only writer meanwhile.
const afterFileCopy = 200

// Bind furnishes the room: record events first, then routes.
func Bind(app core.App, d Deps) {
	r := &room{d}
	app.OnRecordCreateRequest(schema.Documents).Bind(request("create", r.createRequest))
	app.OnRecordUpdateRequest(schema.Documents).Bind(request("update", r.updateRequest))
	app.OnRecordUpdateRequest().Bind(request("keepUnchanged", keepUnchanged))
	app.OnRecordCreate(schema.Documents).Bind(event("intake", r.intake))
	app.OnRecordUpdate(schema.Documents).Bind(event("intakeAgain", r.intake))
	app.OnRecordValidate(schema.Documents).Bind(event("validate", validateDocument))
	app.OnRecordCreateExecute(schema.Documents).Bind(late("flush", flushFile))
	app.OnRecordUpdateExecute(schema.Documents).Bind(late("flushAgain", flushFile))
	app.OnRecordEnrich(schema.Documents).Bind(&hook.Handler[*core.RecordEnrichEvent]{
		Id: "onlibrary.catalogue.veil", Func: r.veil,
	})
	app.OnRecordValidate(schema.LibrarySettings).Bind(event("validateSettings", validateSettings))
	app.OnRecordAfterUpdateSuccess(schema.LibrarySettings).Bind(event("uploadBound", uploadBound))
	app.OnRecordDeleteExecute(schema.Categories).Bind(event("keepUsedCategory", keepUsedCategory))
	app.OnFileDownloadRequest().Bind(&hook.Handler[*core.FileDownloadRequestEvent]{
		Id: "onlibrary.catalogue.fileHeaders", Func: fileHeaders,
	})
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.catalogue.serve", Func: func(e *core.ServeEvent) error {
		e.Router.Bind(
			&hook.Handler[*core.RequestEvent]{
				Id: "onlibrary.catalogue.order", Func: order,
				Priority: apis.DefaultLoadAuthTokenMiddlewarePriority + 3,
			},
			&hook.Handler[*core.RequestEvent]{
				Id: "onlibrary.catalogue.guardUpload", Func: guardUpload,
				Priority: apis.DefaultBodyLimitMiddlewarePriority - 1,
			},
			&hook.Handler[*core.RequestEvent]{
				Id: "onlibrary.catalogue.boundThumb", Func: boundThumb,
				Priority: apis.DefaultBodyLimitMiddlewarePriority + 1,
			},
		)
		return e.Next()
	}})
	bindSweep(app, r.Now)
}

func request(act string, f func(*core.RecordRequestEvent) error) *hook.Handler[*core.RecordRequestEvent] {
	return &hook.Handler[*core.RecordRequestEvent]{Id: "onlibrary.catalogue." + act, Func: f}
}

func event(act string, f func(*core.RecordEvent) error) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.catalogue." + act, Func: f}
}

func late(act string, f func(*core.RecordEvent) error) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.catalogue." + act, Func: f, Priority: afterFileCopy}
}
