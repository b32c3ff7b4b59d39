// Package catalogue keeps documents, categories and shares: what may come in,
// what is derived from a file, who may see which field, and how files go out.
package catalogue

import (
	"sync"
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

type room struct {
	Deps
	// pages holds what veil found out of the reader of the records that are
	// enriched together: *core.RecordEnrichEvent → reader.
	pages sync.Map
}

// afterFileCopy is a priority behind PocketBase's copying of files (99): a
// transaction opened earlier would hold the only writer meanwhile.
const afterFileCopy = 200

// Bind furnishes the room: record events first, then routes.
func Bind(app core.App, d Deps) {
	r := &room{Deps: d}

	app.OnRecordCreateRequest(schema.Documents).Bind(on("createDocument", r.createDocument))
	app.OnRecordUpdateRequest(schema.Documents).Bind(on("updateDocument", r.updateDocument))
	app.OnRecordCreate(schema.Documents).Bind(on("intake", r.intake))
	app.OnRecordUpdate(schema.Documents).Bind(on("intakeAgain", r.intake))
	app.OnRecordValidate(schema.Documents).Bind(on("checkDocument", checkDocument))
	app.OnRecordCreateExecute(schema.Documents).Bind(late("flush", flushFiles, afterFileCopy))
	app.OnRecordUpdateExecute(schema.Documents).Bind(late("flushAgain", flushFiles, afterFileCopy))
	app.OnRecordCreateExecute(schema.Documents).Bind(late("settle", settle, afterFileCopy+1))
	app.OnRecordUpdateExecute(schema.Documents).Bind(late("settleAgain", settle, afterFileCopy+1))
	app.OnModelAfterUpdateSuccess(schema.Documents).Bind(&hook.Handler[*core.ModelEvent]{
		Id: "onlibrary.catalogue.refresh", Func: refresh, Priority: beforeBroadcast,
	})
	app.OnRecordEnrich(schema.Documents).Bind(on("veil", r.veil))
	app.OnRecordsListRequest(schema.Documents).Bind(on("addTotal", addTotal))

	app.OnRecordValidate(schema.LibrarySettings).Bind(on("checkSettings", checkSettings))
	app.OnRecordAfterUpdateSuccess(schema.LibrarySettings).Bind(on("boundUploads", boundUploadsAgain))
	app.OnRecordDeleteExecute(schema.Categories).Bind(on("keepUsedCategory", keepUsedCategory))

	app.OnRecordCreateRequest(schema.DocumentLinks).Bind(on("checkLinkCreation", checkLinkRequest))
	app.OnRecordUpdateRequest(schema.DocumentLinks).Bind(on("checkLinkChange", checkLinkRequest))
	app.OnRecordValidate(schema.DocumentLinks).Bind(on("checkLink", checkLink))
	app.OnRecordDeleteExecute().Bind(late("dropLinks", dropLinks, afterFileCopy))
	app.OnCollectionDeleteExecute().Bind(on("dropLinksToCollection", dropLinksToCollection))

	app.OnBatchRequest().Bind(on("refuseFiles", refuseFiles))
	app.OnFileDownloadRequest().Bind(on("handOut", handOut))
	app.OnServe().Bind(on("serve", func(e *core.ServeEvent) error {
		e.Router.Bind(
			middleware("order", order, apis.DefaultLoadAuthTokenMiddlewarePriority+3),
			middleware("takeTotal", takeTotal, apis.DefaultRateLimitMiddlewarePriority+2),
			middleware("guardUpload", guardUpload, apis.DefaultBodyLimitMiddlewarePriority-1),
			middleware("boundThumb", boundThumb, apis.DefaultBodyLimitMiddlewarePriority+1),
		)
		return e.Next()
	}))
	bindSweep(app, d.Now)
}

func on[T hook.Resolver](act string, f func(T) error) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.catalogue." + act, Func: f}
}

func late(act string, f func(*core.RecordEvent) error, priority int) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.catalogue." + act, Func: f, Priority: priority}
}

func middleware(act string, f func(*core.RequestEvent) error, priority int) *hook.Handler[*core.RequestEvent] {
	return &hook.Handler[*core.RequestEvent]{Id: "onlibrary.catalogue." + act, Func: f, Priority: priority}
}
