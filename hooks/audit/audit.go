// Package audit is the room that keeps who changed what: a row for each change
// of a record, in the transaction that makes it, and one for each sign-in.
package audit

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/schema"
)

// What a row's action may be. An update has the most telling of those that fit:
// password, role, state and sessions are updates of an account, too.
const (
	Login       = "login"       // its note is the way: password, oauth2 or otp
	LoginFailed = "loginFailed" // record is the account, where there is one; what was typed is not kept
	Impersonate = "impersonate" // a superuser took a token of the account
	Create      = "create"
	Update      = "update"
	Delete      = "delete"
	Password    = "password" // changed or reset
	Role        = "role"     // an account was given another role
	State       = "state"    // an account was let in or shut out
	Sessions    = "sessions" // an account's tokens were ended
	Settings    = "settings" // PocketBase's; changes are its sections
	Backup      = "backup"   // one was made; record is its name
	SQL         = "sql"      // a superuser ran a statement, which is not kept
	Import      = "import"   // its note sums it up: imported records have no rows of their own
	Note        = "note"     // what holders of audit.write add
)

// Stand-ins for collections of what is none of its own records.
const (
	collections = "_collections"
	backups     = "_backups"
)

// Deps is what the room needs from others.
type Deps struct {
	Now func() time.Time
}

type room struct {
	Deps
	// marks holds who acts, for as long as they do, by what they act on or in:
	// a *core.Record, *core.Collection, *core.Settings, transaction (core.App),
	// truncated or backedUp → actor.Actor.
	marks sync.Map
	// cascades holds the transactions in which a deletion is going on, whose
	// consequences are part of it: core.App → nil.
	cascades sync.Map
	// sections holds what changes in settings that are saved: *core.Settings → []string.
	sections sync.Map
	serving  atomic.Bool
}

const (
	outermost = -1000
	// whole is a priority ahead of PocketBase's cascades (99).
	whole = 50
	// afterFileCopy is behind PocketBase's copying of files (99), lest the only
	// writer be held meanwhile, and around what other rooms do within the
	// transaction (200).
	afterFileCopy = 150
)

// Bind furnishes the room: who acts first, then what is done.
func Bind(app core.App, d Deps) {
	r := &room{Deps: d}

	app.OnRecordCreateRequest().Bind(on("byWhom", r.byRequest, outermost))
	app.OnRecordUpdateRequest().Bind(on("byWhom", r.byRequest, outermost))
	app.OnRecordDeleteRequest().Bind(on("byWhom", r.byRequest, outermost))
	app.OnRecordAuthWithPasswordRequest().Bind(on("byPassword", r.byPassword, outermost))
	app.OnRecordAuthWithPasswordRequest().Bind(on("remember", remember, 60)) // once other rooms have found the account
	app.OnRecordAuthWithOTPRequest().Bind(on("byOTP", r.byOTP, outermost))
	app.OnRecordAuthWithOAuth2Request().Bind(on("byProvider", r.byProvider, outermost))
	app.OnRecordConfirmVerificationRequest().Bind(on("byVerification", r.byVerification, outermost))
	app.OnRecordConfirmPasswordResetRequest().Bind(on("byReset", r.byReset, outermost))
	app.OnRecordConfirmEmailChangeRequest().Bind(on("byEmailChange", r.byEmailChange, outermost))
	app.OnSettingsUpdateRequest().Bind(on("bySettings", r.bySettings, outermost))
	app.OnCollectionCreateRequest().Bind(on("byCollection", r.byCollection, outermost))
	app.OnCollectionUpdateRequest().Bind(on("byCollection", r.byCollection, outermost))
	app.OnCollectionDeleteRequest().Bind(on("byCollection", r.byCollection, outermost))
	app.OnCollectionsImportRequest().Bind(on("byImport", r.byImport, outermost))

	app.OnRecordCreateExecute().Bind(on("create", r.create, afterFileCopy))
	app.OnRecordUpdateExecute().Bind(on("update", r.update, afterFileCopy))
	app.OnRecordDeleteExecute().Bind(on("delete", r.delete, whole))
	app.OnModelUpdateExecute("_params").Bind(on("settings", r.settings, afterFileCopy))
	app.OnCollectionCreateExecute().Bind(on("createCollection", r.collection(Create), afterFileCopy))
	app.OnCollectionUpdateExecute().Bind(on("updateCollection", r.collection(Update), afterFileCopy))
	app.OnCollectionDeleteExecute().Bind(on("deleteCollection", r.collection(Delete), afterFileCopy))
	app.OnBackupCreate().Bind(on("backup", r.backup, 0))
	app.OnRecordAuthRequest().Bind(on("login", r.login, outermost))

	app.OnRecordCreateRequest(schema.AuditLogs).Bind(on("note", r.note, 0))
	app.OnRecordUpdateRequest(schema.AuditLogs).Bind(on("keep", keep, 0))
	app.OnRecordDeleteRequest(schema.AuditLogs).Bind(on("keep", keep, 0))

	app.OnServe().Bind(on("serve", func(e *core.ServeEvent) error {
		e.Router.Bind(
			on("loginFailed", r.loginFailed, apis.DefaultLoadAuthTokenMiddlewarePriority+4),
			on("console", r.console, apis.DefaultLoadAuthTokenMiddlewarePriority+4),
		)
		return e.Next()
	}, 0))
	r.bindExpiry(app)
}

func on[T hook.Resolver](act string, f func(T) error, priority int) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.audit." + act, Func: f, Priority: priority}
}
