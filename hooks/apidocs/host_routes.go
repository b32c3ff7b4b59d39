package apidocs

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// signInRoutes describes PocketBase's routes of a collection of accounts.
func signInRoutes(c *core.Collection) []route {
	base := "/api/collections/" + c.Name + "/"
	secret := object{"type": "string", "format": "password"}
	email := object{"type": "string", "format": "email", "maxLength": 255}
	mailed := "What the mail's link carries."
	post := func(name, summary, text string, form object, ok object, refuses ...int) route {
		return route{
			method: "POST", path: base + name, tag: c.Name, id: c.Name + "." + name, summary: summary, text: text, who: anyone, guests: true,
			body: sent(form, nil), answer: ok, refuses: refuses,
		}
	}
	in := answer("Signed in.", signedIn(c.Name))
	closed := []int{http.StatusForbidden}
	methods := route{
		method: "GET", path: base + "auth-methods", tag: c.Name, id: c.Name + ".auth-methods", summary: "How one can sign in", who: anyone, guests: true,
		answer: answer("What is switched on.", fields(object{
			"password": fields(object{"enabled": object{"type": "boolean"}, "identityFields": stringsOf()}),
			"oauth2": fields(object{"enabled": object{"type": "boolean"}, "providers": object{"type": "array", "items": fields(object{
				"name": text("", "oidc"), "displayName": text("", "OIDC"), "state": text("", ""), "authURL": text("Where to send the person; add the redirect URL to its end.", ""),
				"codeVerifier": text("", ""), "codeChallenge": text("", ""), "codeChallengeMethod": text("", "S256"),
			})}}),
			"otp": fields(object{"enabled": object{"type": "boolean"}, "duration": object{"type": "integer", "description": "Seconds."}}),
			"mfa": fields(object{"enabled": object{"type": "boolean"}, "duration": object{"type": "integer", "description": "Seconds."}}),
		})),
	}
	refresh := post("auth-refresh", "Renew one's token", "A new token, and the account as it is now.", nil, in, http.StatusUnauthorized, http.StatusForbidden)
	refresh.body, refresh.guests, refresh.who = nil, false, "Who is signed in."
	change := post("request-email-change", "Change one's address", "Mails the new address a link, and tells the old one. A 503 `mail_not_set_up` if the library has no mail server.",
		fields(object{"newEmail": email}), nil, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable)
	change.guests, change.who = false, "Who is signed in."
	all := []route{
		methods, refresh, change,
		post("auth-with-password", "Sign in with a password",
			"A 403 tells who gave the right password why they may not come in: `account_pending` or `account_inactive`.",
			fields(object{
				"identity": text("The e-mail address or the username.", "ana@example.org"), "password": secret,
				"identityField?": object{"type": "string", "enum": c.PasswordAuth.IdentityFields, "description": "Which of them it is, if not to be found out."},
			}), in, closed...),
		post("auth-with-oauth2", "Sign in with a provider", "The last step of OAuth2, with the code that the provider sent back. Makes the account if there is none and sign-up is open.",
			fields(object{
				"provider": text("As in `auth-methods`.", "oidc"), "code": text("", ""), "codeVerifier?": text("", ""), "redirectURL": text("", "https://app.example.org/back"),
				"createData?": object{"type": "object", "description": "Fields of a new account."},
			}), in, closed...),
		post("request-otp", "Ask for a one-time password", "Mails one. It answers alike whether there is such an account or not. A 403 if switched off.",
			fields(object{"email": email}), answer("What it is to be sent back with.", fields(object{"otpId": text("", "x7k2m9q4w8e1r5t")})), closed...),
		post("auth-with-otp", "Sign in with a one-time password", "", fields(object{"otpId": text("", "x7k2m9q4w8e1r5t"), "password": text("", "12345678")}), in, closed...),
		post("request-verification", "Mail a link to confirm the address", "It answers alike whether there is such an account or not; at most one mail in two minutes. A 503 `mail_not_set_up` if the library has no mail server.", fields(object{"email": email}), nil, http.StatusServiceUnavailable),
		post("confirm-verification", "Confirm the address", "It makes a pending account active where the library's `activation` is `email`.", fields(object{"token": text(mailed, "")}), nil),
		post("request-password-reset", "Mail a link to choose a new password", "It answers alike whether there is such an account or not; at most one mail in two minutes. A 503 `mail_not_set_up` if the library has no mail server.", fields(object{"email": email}), nil, http.StatusServiceUnavailable),
		post("confirm-password-reset", "Choose a new password", "It ends all the account's tokens.", fields(object{"token": text(mailed, ""), "password": secret, "passwordConfirm": secret}), nil),
		post("confirm-email-change", "Confirm a new address", "It ends all the account's tokens.", fields(object{"token": text(mailed, ""), "password": secret}), nil),
	}
	for i := range all { // a second factor, where the dashboard asks for one
		if c.MFA.Enabled && strings.HasPrefix(all[i].summary, "Sign in") {
			all[i].text += " A 401 with `mfaId` asks for a second way to sign in: send it along as `mfaId`."
		}
	}
	return all
}

// hostRoutes describes the rest of what PocketBase answers to patrons.
func hostRoutes(shown []*core.Collection) []route {
	var withFiles []string
	for _, c := range shown {
		for _, f := range c.Fields {
			if f.Type() == core.FieldTypeFile && !f.GetHidden() {
				withFiles = append(withFiles, c.Name)
				break
			}
		}
	}
	return []route{
		{
			method: "POST", path: "/api/files/token", tag: "files", id: "files.token", summary: "A token for files",
			text: "Good for an hour; it dies with the account's tokens.", who: "Who is signed in.", refuses: []int{http.StatusUnauthorized},
			answer: answer("The token.", fields(object{"token": text("", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")})),
		},
		{
			method: "GET", path: "/api/files/{collection}/{recordId}/{filename}", tag: "files", id: "files.get", summary: "A file",
			text: "Of one of: `" + strings.Join(withFiles, "`, `") + "`. Ranges are understood. What may not be read is the same 404 as what is not there.",
			who:  "Who may read the record. The files of documents and avatars want a file token of theirs, unless a guest may read them.", guests: true,
			query: []object{
				{"in": inQuery, "name": "token", "schema": object{"type": "string"}, "description": "From `POST /api/files/token`."},
				{"in": inQuery, "name": "download", "schema": object{"type": "boolean"}, "description": "To save it rather than to show it."},
			},
			answer:  object{"description": "The file.", "content": object{"*/*": object{"schema": object{"type": "string", "format": "binary"}}}},
			refuses: []int{http.StatusNotFound},
		},
		{
			method: "GET", path: "/api/realtime", tag: "realtime", id: "realtime.connect", summary: "Open a stream of events",
			text: "Server-sent events. The first, `PB_CONNECT`, carries a `clientId`; tell by `POST /api/realtime` what it is to hear. " +
				"An event is named by its subscription and carries `{action, record}`, `action` being `create`, `update` or `delete`, or `{message}` for a broadcast. The official clients do all this in `subscribe()`.",
			who: anyone, guests: true,
			answer: object{"description": "Events, until one side closes.", "content": object{"text/event-stream": object{
				"schema": object{"type": "string"}, "example": "event: documents/*\ndata: {\"action\":\"update\",\"record\":{}}\n\n",
			}}},
		},
		{
			method: "POST", path: "/api/realtime", tag: "realtime", id: "realtime.subscribe", summary: "Say what a stream is to hear",
			text: "Replaces all that it heard so far. What the caller may not read is not heard; who loses access hears no more.",
			who:  anyone, guests: true, refuses: []int{http.StatusForbidden, http.StatusNotFound},
			body: sent(fields(object{
				"clientId": text("From `PB_CONNECT`.", ""),
				"subscriptions": object{"type": "array", "maxItems": 1000, "items": object{"type": "string", "maxLength": 2500},
					"description": "`<collection>/*`, `<collection>/<id>` or `library/<topic>`; options follow as `?options=` and JSON: `{\"query\": {\"filter\": …, \"timezone\": …}}`."},
			}), object{"clientId": "the stream's", "subscriptions": []string{"documents/*"}}),
		},
		{
			method: "GET", path: "/api/health", tag: "server", id: "health", summary: "Whether the server is up", who: anyone, guests: true,
			answer: answer("It is.", fields(object{"code": object{"type": "integer", "const": http.StatusOK}, "message": text("", "API is healthy."), "data": object{"type": "object"}})),
		},
	}
}
