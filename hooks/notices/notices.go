// Package notices is the room from which patrons hear of things: notifications
// in the app, by push and by mail as each wants it, their devices, what staff
// tell them at once, and the day's alerts of documents whose time runs out.
package notices

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/jobs"
	"onlibrary/internal/outbox"
	"onlibrary/internal/push"
	"onlibrary/internal/schema"
	"onlibrary/internal/tries"
)

// Deps is what the room needs from others.
type Deps struct {
	// Text puts a key into words.
	Text func(language, key string, data map[string]any) string
	// Recipient is the language and the time zone in which a user is written to.
	Recipient func(user *core.Record) (language string, zone *time.Location)
	// Listening are the realtime connections of active patrons, by the patron's id.
	Listening func(app core.App) (map[string][]subscriptions.Client, error)
	// Push sends push messages; nil: there are none.
	Push  Pusher
	Queue Queue
	Now   func() time.Time
}

// Pusher is what the room needs of push.Sender. Its errors are of *push.Error.
type Pusher interface {
	Send(ctx context.Context, m push.Message) error
}

// Queue is what the room needs of jobs.Queue.
type Queue interface {
	Register(kind string, lanes int, p jobs.Policy, w jobs.Worker)
}

type room struct {
	Deps
	// strangers bounds the letters to further addresses that a user has sent by
	// hand: each of many documents names some.
	strangers *tries.Counter
}

func newRoom(d Deps) *room {
	return &room{Deps: d, strangers: tries.New(strangersMost, time.Hour, 10_000)}
}

const (
	// afterFileCopy is a priority behind PocketBase's copying of files (99): a
	// transaction opened earlier would hold the only writer meanwhile.
	afterFileCopy = 200
	// broadcast is the priority at which PocketBase tells realtime clients, and
	// noteDeleted that at which it notes whom to tell of what is being deleted.
	broadcast   = -99
	noteDeleted = 99
	// bodyMost bounds what our routes read, in bytes: 500 tokens and the rest.
	bodyMost = 1 << 20
)

// Bind furnishes the room: record events first, then routes. What it returns
// writes a notice; its causes in other rooms get it through their Deps.
func Bind(app core.App, d Deps) func(tx core.App, n Notice) error {
	r := newRoom(d)

	app.OnRecordCreate(schema.Notifications).Bind(on("complete", complete))
	app.OnRecordValidate(schema.Notifications).Bind(on("check", r.check))
	app.OnRecordCreateExecute(schema.Notifications).Bind(late("deliver", r.deliver))
	app.OnModelAfterCreateSuccess(schema.Notifications).Bind(model("narrow", narrow, broadcast-1))
	app.OnModelAfterCreateSuccess(schema.Notifications).Bind(model("widen", widen, broadcast+1))
	app.OnModelAfterUpdateSuccess(schema.Notifications).Bind(model("narrowUpdate", narrow, broadcast-1))
	app.OnModelAfterUpdateSuccess(schema.Notifications).Bind(model("widenUpdate", widen, broadcast+1))
	app.OnModelDelete(schema.Notifications).Bind(model("narrowDelete", narrow, noteDeleted-1))
	app.OnModelDelete(schema.Notifications).Bind(model("widenDelete", widen, noteDeleted+1))

	app.OnRecordCreateRequest(schema.Devices).Bind(on("createDevice", r.createDevice))
	app.OnRecordUpdateRequest(schema.Devices).Bind(on("updateDevice", r.updateDevice))
	app.OnRecordCreateExecute(schema.Devices).Bind(late("takeOver", takeOver))
	app.OnRecordUpdateExecute(schema.Devices).Bind(late("takeOverAgain", takeOver))

	app.OnRecordCreateRequest(schema.Users).Bind(on("noteChannels", noteChannels))
	app.OnRecordCreate(schema.Users).Bind(on("giveChannels", giveChannels))
	app.OnRecordUpdateExecute(schema.Users).Bind(late("dropDevices", dropDevices))
	app.OnRecordCreateExecute(schema.DocumentShares).Bind(late("tellOfShare", r.tellOfShare))
	app.OnRecordCreateRequest(schema.Documents).Bind(on("forgetAlert", forgetAlert))

	app.OnRecordCreate(schema.Documents).Bind(on("countAsAlerted", r.countAsAlerted))

	app.OnRealtimeSubscribeRequest().Bind(on("leaveOutTopics", leaveOutTopics))
	app.OnServe().Bind(on("serve", func(e *core.ServeEvent) error {
		g := e.Router.Group("/api/library").Bind(apis.BodyLimit(bodyMost))
		g.POST("/notifications/read-all", r.readAll).Bind(apis.RequireAuth(schema.Users))
		g.POST("/push", r.pushNow).Bind(apis.RequireAuth())
		g.POST("/broadcast", r.broadcastNow).Bind(apis.RequireAuth())
		g.POST("/documents/{id}/notify-expiration", r.alertNow).Bind(apis.RequireAuth())
		return e.Next()
	}))
	r.bindExpiry(app)
	if d.Push != nil {
		// One lane: what a killed process was sending is sent again, and that is to
		// be no more than one message.
		d.Queue.Register(pushKind, 1, outbox.Policy(), pushWorker{app, d.Push})
	}
	return r.notify
}

func on[T hook.Resolver](act string, f func(T) error) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.notices." + act, Func: f}
}

func late(act string, f func(*core.RecordEvent) error) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.notices." + act, Func: f, Priority: afterFileCopy}
}

func model(act string, f func(*core.ModelEvent) error, priority int) *hook.Handler[*core.ModelEvent] {
	return &hook.Handler[*core.ModelEvent]{Id: "onlibrary.notices." + act, Func: f, Priority: priority}
}
