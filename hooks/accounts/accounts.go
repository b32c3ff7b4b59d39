// Package accounts is the room of people: how they sign up and in, what they
// may change, who may grant what to whom, and how a token dies.
package accounts

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/security"

	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
	"onlibrary/internal/tries"
)

// Deps is what the room needs from others.
type Deps struct {
	// Text puts a key into words.
	Text func(language, key string, data map[string]any) string
	// Language and Timezone are a request's: a BCP 47 tag and an IANA name.
	Language func(info *core.RequestInfo) string
	Timezone func(info *core.RequestInfo) string
	// Recipient is the language and the time zone in which a user is written to.
	Recipient func(user *core.Record) (language string, zone *time.Location)
	Now       func() time.Time
	// PublicURL is the base of every link in a mail; nil for PocketBase's
	// application URL.
	PublicURL func(app core.App) string
	// Queue sends the room's mail.
	Queue outbox.Queue
}

type room struct {
	Deps
	// batches remembers what veil found out for the records that are enriched
	// together, for as long as they are: *core.RecordEnrichEvent → bool.
	batches sync.Map
	// free holds the records that a superuser is writing just now, whom the
	// rule of the last holder does not bind: *core.Record → nil.
	free sync.Map
	// proofs holds those whose address a sign-in is proving just now: *core.Record → nil.
	proofs sync.Map
	// lookups slows down who asks for usernames; notices and requests slow down
	// mail to the owner of an address that somebody signs up with, and mail that
	// is asked for.
	lookups, notices, requests *tries.Counter
	// answered holds the usernames answered for taken addresses, by key: a made
	// account would hold its own. To be tried once an hour is to be reserved.
	answered *tries.Counter
	// feigned holds, as pair makes it under secret, with what one could sign in
	// once the accounts of those answers were let in.
	feigned *tries.Counter
	secret  string
	// reachable are the addresses from which providers' pictures are fetched.
	reachable func(netip.Addr) bool
}

// afterFileCopy is a priority behind PocketBase's copying of files (99): a
// transaction opened earlier would hold the only writer meanwhile.
const afterFileCopy = 200

// Bind furnishes the room: record events first, then routes.
func Bind(app core.App, d Deps) {
	if d.PublicURL == nil {
		d.PublicURL = func(app core.App) string { return app.Settings().Meta.AppURL }
	}
	r := &room{
		Deps:     d,
		lookups:  tries.New(60, time.Minute, 10_000),
		notices:  tries.New(1, 10*time.Minute, 10_000),
		answered: tries.New(1, time.Hour, 10_000),
		feigned:  tries.New(1, time.Hour, 20_000),
		secret:   security.RandomString(32),
		requests: tries.New(1, 2*time.Minute, 100_000),

		reachable: public,
	}
	d.Queue.Register(Mail, 1, outbox.Policy(), postman{r, app})

	app.OnRecordCreateRequest(schema.Users).Bind(on("createUser", r.createUser))
	app.OnRecordUpdateRequest(schema.Users).Bind(on("updateUser", r.updateUser))
	app.OnRecordDeleteRequest(schema.Users).Bind(on("deleteUser", r.deleteUser))
	app.OnRecordCreateRequest(schema.Roles).Bind(on("createRole", r.createRole))
	app.OnRecordUpdateRequest(schema.Roles).Bind(on("updateRole", r.updateRole))
	app.OnRecordDeleteRequest(schema.Roles).Bind(on("deleteRole", r.deleteRole))

	app.OnRecordCreate(schema.Users).Bind(on("completeUser", completeUser))
	app.OnRecordUpdate(schema.Users).Bind(on("completeUserAgain", completeUser))
	app.OnRecordUpdate(schema.Users).Bind(&hook.Handler[*core.RecordEvent]{Id: "onlibrary.accounts.keepPassword", Func: r.keepPassword, Priority: -1})
	app.OnRecordValidate(schema.Users).Bind(on("checkUser", checkUser))
	app.OnRecordValidate(schema.Users, core.CollectionNameSuperusers).Bind(on("checkPassword", checkPassword))
	app.OnRecordValidate(schema.Library).Bind(on("checkLogo", checkLogo))
	app.OnRecordValidate(schema.Roles).Bind(on("checkRole", checkRole))
	app.OnRecordUpdateExecute(schema.Users, schema.Roles).Bind(late("keepHolder", r.keepHolder))
	app.OnRecordUpdateExecute(schema.Users).Bind(late("endTokens", endTokens))
	app.OnRecordCreateExecute(schema.Users).Bind(late("askToVerify", r.askToVerify))
	app.OnRecordUpdateExecute(schema.Users).Bind(late("tellPassword", r.tellPassword))
	app.OnRecordDeleteExecute(schema.Users).Bind(late("keepHolderOnDelete", r.keepHolder))
	app.OnRecordDeleteExecute(schema.Users).Bind(&hook.Handler[*core.RecordEvent]{
		Id: "onlibrary.accounts.endShares", Func: endShares, Priority: beforeCascade,
	})
	app.OnRecordDelete(schema.Roles).Bind(on("keepUsedRole", keepUsedRole))
	app.OnRecordCreate(schema.Library, schema.LibrarySettings).Bind(on("keepSingle", keepSingle))
	app.OnRecordDelete(schema.Library, schema.LibrarySettings).Bind(on("keepLibrary", keepLibrary))
	app.OnRecordAfterUpdateSuccess(schema.Users, core.CollectionNameSuperusers).Bind(on("closeStreams", closeStreams))
	app.OnRecordAfterDeleteSuccess(schema.Users, core.CollectionNameSuperusers).Bind(on("closeStreamsOfDeleted", closeStreams))

	app.OnRecordAuthWithPasswordRequest(schema.Users).Bind(on("signIn", r.signIn))
	app.OnRecordAuthWithOAuth2Request(schema.Users).Bind(on("signInByProvider", r.signInByProvider))
	app.OnRecordAuthWithOTPRequest(schema.Users).Bind(on("signInByMail", r.signInByMail))
	app.OnRecordAuthRequest(schema.Users).Bind(on("noteSignIn", r.noteSignIn))
	app.OnRecordConfirmVerificationRequest(schema.Users).Bind(on("activate", activate))
	app.OnRecordConfirmPasswordResetRequest(schema.Users).Bind(on("activateByReset", activateByReset))
	app.OnRecordRequestEmailChangeRequest(schema.Users).Bind(on("checkNewAddress", checkNewAddress))

	app.OnRecordRequestVerificationRequest(schema.Users).Bind(instead("postVerification", r.postVerification))
	app.OnRecordRequestPasswordResetRequest(schema.Users).Bind(instead("postReset", r.postReset))
	app.OnRecordRequestEmailChangeRequest(schema.Users).Bind(instead("postChange", r.postChange))
	app.OnRecordRequestOTPRequest(schema.Users).Bind(on("evenOutOTP", r.evenOutOTP))
	app.OnMailerRecordVerificationSend(schema.Users).Bind(on("wordVerification", r.wordLink(aboutVerify, verifyPage)))
	app.OnMailerRecordPasswordResetSend(schema.Users).Bind(on("wordReset", r.wordLink(aboutReset, resetPage)))
	app.OnMailerRecordEmailChangeSend(schema.Users).Bind(on("wordChange", r.wordLink(aboutChange, changePage)))
	app.OnMailerRecordOTPSend(schema.Users).Bind(on("postOTP", r.postOTP))
	app.OnMailerRecordAuthAlertSend(schema.Users).Bind(on("postAlert", r.postAlert))

	app.OnRecordEnrich(schema.Users).Bind(on("veil", r.veil))
	app.OnRealtimeSubscribeRequest().Bind(on("subscribe", subscribe))

	app.OnServe().Bind(on("serve", func(e *core.ServeEvent) error {
		e.InstallerFunc = nil // the set-up page stands in for PocketBase's installer
		e.Router.Bind(
			&hook.Handler[*core.RequestEvent]{
				Id: "onlibrary.accounts.onlyActive", Func: onlyActive, Priority: apis.DefaultLoadAuthTokenMiddlewarePriority + 1,
			},
			on("namePassword", namePassword),
			on("onlyWithMail", onlyWithMail),
			on("evenOut", r.evenOut),
		)
		g := e.Router.Group("/api/library")
		g.GET("/setup", r.showSetup)
		g.POST("/setup", r.setUp)
		g.GET("/me", r.me).Bind(apis.RequireAuth(schema.Users))
		g.GET("/patrons", r.findPatron).Bind(apis.RequireAuth())
		g.GET("/permissions", r.permissions).Bind(apis.RequireAuth())
		g.POST("/roles/{id}/copy", copyRole).Bind(apis.RequireAuth())
		g.POST("/users/{id}/end-sessions", endSessions).Bind(apis.RequireAuth())
		return e.Next()
	}))
	watch, stop := context.WithCancel(context.Background())
	app.OnServe().Bind(on("watchTokens", func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		watchTokens(watch, e.App)
		return nil
	}))
	app.OnTerminate().Bind(on("stopWatching", func(e *core.TerminateEvent) error {
		stop()
		return e.Next()
	}))
}

func on[T hook.Resolver](act string, f func(T) error) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.accounts." + act, Func: f}
}

// instead is on for what stands in for PocketBase's own sending: behind whatever
// else listens, and it ends the event.
func instead[T hook.Resolver](act string, f func(T) error) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.accounts." + act, Func: f, Priority: 9999}
}

func late(act string, f func(*core.RecordEvent) error) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.accounts." + act, Func: f, Priority: afterFileCopy}
}
