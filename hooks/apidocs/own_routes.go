package apidocs

import (
	"net/http"

	names "onlibrary/internal/schema"
)

const (
	own       = "/api/library"
	signed    = "Any patron who is signed in."
	anyone    = "Anyone, guests too."
	superuser = "A superuser."
	sender    = "Who has the permission `" + names.NotificationsSend + "`."
)

// ownRoutes describes each route under /api/library, once.
func ownRoutes() []route {
	ids := func(text string, most int) object {
		return object{"type": "array", "items": object{"type": "string"}, "maxItems": most, "description": text}
	}
	return []route{
		{
			method: "GET", path: own + "/setup", tag: names.Library, id: "setup.view", summary: "Whether a set-up link is good",
			text: "What the page at the first start begins with.", who: "Who has the link that the server prints at its first start; it is good for 30 minutes.", guests: true,
			query: []object{{"in": inQuery, "name": "token", "required": true, "schema": object{"type": "string"}, "description": "The link's token."}},
			answer: answer("It is good.", fields(object{
				"valid": object{"type": "boolean", "const": true}, "libraryName": text("", "OnLibrary"), "language": text("", "en"), "timezone": text("", "UTC"),
			})),
			refuses: []int{http.StatusNotFound},
		},
		{
			method: "POST", path: own + "/setup", tag: names.Library, id: "setup.do", summary: "Set the library up",
			text: "Names the library, makes its first Admin and signs them in. It works once.", who: "Who has the link that the server prints at its first start.", guests: true,
			body: sent(fields(object{
				"token": text("", ""), "libraryName": object{"type": "string", "minLength": 1, "maxLength": 128}, "language?": text("", "pt-BR"), "timezone?": text("", "America/Sao_Paulo"),
				"email": object{"type": "string", "format": "email"}, "name?": object{"type": "string", "maxLength": 128},
				"password": object{"type": "string", "format": "password", "minLength": 8, "maxLength": 71},
			}), object{
				"token": "the link's", "libraryName": "The Reading Room", "language": "pt-BR", "timezone": "America/Sao_Paulo",
				"email": "ana@example.org", "name": "Ana Lima", "password": "correct-horse-1",
			}),
			answer: answer("The Admin, signed in.", signedIn(names.Users)),
		},
		{
			method: "GET", path: own + "/me", tag: names.Users, id: "me", summary: "All about who is signed in",
			who: signed, refuses: []int{http.StatusUnauthorized},
			answer: answer("The patron.", fields(object{
				"user": schema(names.Users), "role": schema("api.role"), "unreadNotifications": object{"type": "integer", "minimum": 0},
				"language": text("The language of this request.", "pt-BR"), "timezone": text("The zone of this request.", "America/Sao_Paulo"),
			})),
		},
		{
			method: "GET", path: own + "/patrons", tag: names.Users, id: "patrons.find", summary: "Find a patron by username",
			text: "An exact match, whatever the case, of an active patron; to share a document with them. Tries are limited.",
			who:  signed, refuses: []int{http.StatusUnauthorized, http.StatusNotFound},
			query: []object{{"in": inQuery, "name": "username", "required": true, "schema": text("", "ana"), "description": "The whole username."}},
			answer: answer("The patron's profile.", fields(object{
				"id": object{"type": "string", "pattern": idText}, "name": text("", "Ana Lima"), "username": text("", "ana"), "avatar": text("The name of the picture's file, if any.", ""),
			})),
		},
		{
			method: "POST", path: own + "/users/{id}/end-sessions", tag: names.Users, id: "users.endSessions", summary: "End a patron's sessions",
			text:    "Every token of the account dies, that of this request too if it is the caller's own.",
			who:     "The patron, and who has the permission `" + names.UsersManage + "` and all that the patron's role holds.",
			refuses: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound},
		},
		{
			method: "GET", path: own + "/permissions", tag: names.Roles, id: "permissions.list", summary: "What a role may hold",
			text: "Every permission with what it allows, in the caller's language.", who: signed, refuses: []int{http.StatusUnauthorized},
			answer: answer("All permissions.", object{"type": "array", "items": fields(object{
				"name": object{"type": "string", "enum": names.Permissions()}, "description": text("", "Add documents"),
			})}),
		},
		{
			method: "POST", path: own + "/roles/{id}/copy", tag: names.Roles, id: "roles.copy", summary: "Copy a role",
			text: "Makes a role with the same permissions and actions, named “<name> (2)” if no name is sent.",
			who:  "Who has the permission `" + names.RolesManage + "`, and all that the role holds.",
			body: sent(fields(object{"name?": object{"type": "string", "maxLength": 128}}), object{"name": "Reading group"}), optional: true,
			answer: answer("The new role.", schema(names.Roles)), refuses: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound},
		},
		{
			method: "POST", path: own + "/documents/{id}/notify-expiration", tag: names.Documents, id: "documents.notifyExpiration", summary: "Send a document's expiry alert now",
			text: "Whatever the day. A 400 `expires_on_missing` if it does not expire; a 429 within an hour of the last, or of alerts to 50 `alertEmails`.",
			who:  "The document's owner, and who has the permission `" + names.DocumentsManage + "`.", refuses: []int{http.StatusUnauthorized, http.StatusNotFound},
			answer: answer("How many are told.", fields(object{"queued": object{"type": "integer", "minimum": 0}})),
		},
		{
			method: "POST", path: own + "/notifications/read-all", tag: names.Notifications, id: "notifications.readAll", summary: "Mark one's notifications as read",
			who: signed, refuses: []int{http.StatusUnauthorized},
			answer: answer("How many were unread.", fields(object{"count": object{"type": "integer", "minimum": 0}})),
		},
		{
			method: "POST", path: own + "/push", tag: names.Notifications, id: "push", summary: "Send a push message now",
			text: "Whatever the hour is for whom it is for. At most 500 devices at a time. The results come in the order of the users, then of the tokens.",
			who:  sender, refuses: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable},
			body: sent(fields(object{
				"title": object{"type": "string", "minLength": 1, "maxLength": 200}, "body?": object{"type": "string", "maxLength": 2000},
				"users?": ids("Ids of patrons: all their devices.", 500), "tokens?": ids("Firebase registration tokens.", 500),
				"data?": object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "Texts by name, at most 4,000 bytes."},
			}), object{"title": "Closing early", "body": "The library closes at 16:00 today.", "users": []string{"x7k2m9q4w8e1r5t"}}),
			answer: answer("What became of each.", fields(object{"results": object{"type": "array", "items": fields(object{
				"user": text("Empty if the token is no patron's.", "x7k2m9q4w8e1r5t"), "device": text("", "d3v1c3x7k2m9q4w"), "ok": object{"type": "boolean"},
				"code": text("Why not, as `no_device` or `channel_off`; empty if sent.", ""),
			})}})),
		},
		{
			method: "POST", path: own + "/broadcast", tag: names.Notifications, id: "broadcast", summary: "Tell realtime clients something",
			text: "Clients that subscribe to `library/<topic>` get `{message}`; only those of the patrons who are named, or of all. Nothing is kept.",
			who:  sender, refuses: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge},
			body: sent(fields(object{
				"topic": object{"type": "string", "pattern": "^[a-z0-9._-]{1,64}$"}, "users?": ids("Ids of patrons, unless it is for all.", 1000),
				"all?": object{"type": "boolean"}, "message": object{"description": "Any JSON, at most 64 KB."},
			}), object{"topic": "opening", "all": true, "message": object{"open": false}}),
			answer: answer("How many clients took it.", fields(object{"delivered": object{"type": "integer", "minimum": 0}})),
		},
		{
			method: "GET", path: own + "/doctor", tag: "server", id: "doctor.last", summary: "What the doctor found last",
			text: "It looks every night, and whenever the command or the other method does. A 404 where nobody has looked yet.",
			who:  superuser, refuses: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound},
			answer: answer("All findings.", found()),
		},
		{
			method: "POST", path: own + "/doctor", tag: "server", id: "doctor.look", summary: "Look now whether everything is in order",
			text: "Which may take a minute.", who: superuser, refuses: []int{http.StatusUnauthorized, http.StatusForbidden},
			answer: answer("All findings.", found()),
		},
		{
			method: "GET", path: own + "/openapi.json", tag: "server", id: "openapi", summary: "This description",
			text: "It follows the collections as they are. There is a page of it at `/api/docs`.", who: anyone, guests: true,
			answer: answer("OpenAPI 3.1.", object{"type": "object", "required": []string{"openapi", "info", "paths"}}),
		},
	}
}

// found is a report of the doctor.
func found() object {
	return fields(object{
		"at": object{"type": "string", "format": "date-time"}, "version": text("", "1.0.0"), "ok": object{"type": "boolean", "description": "Nothing failed."},
		"checks": object{"type": "array", "items": fields(object{
			"name": text("", "disk"), "state": object{"type": "string", "enum": []string{"ok", "off", "warning", "failed", "skipped"}},
			"detail": text("In English, one line.", "only 310 MB of 20.0 GB are free"), "hint?": text("What to do about it.", "make room"),
		})},
	})
}

// signedIn is the answer to a sign-in.
func signedIn(collection string) object {
	return fields(object{
		"token": text("Goes into the header Authorization.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), "record": schema(collection),
		"meta?": object{"type": "object", "description": "What a provider told of the account; with OAuth2 only."},
	})
}
