package apidocs

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"

	names "onlibrary/internal/schema"
)

// facts is what the code does with a field beyond what its type says.
type facts struct {
	text    string
	example any
	schema  object // instead of the type's
	derived bool   // no client's value counts
	filled  bool   // made where none is sent, so not needed
	private bool   // hidden by the schema, shown to the owner and staff
}

// fact returns what is known of a field.
func fact(c *core.Collection, field string) facts { return known()[c.Name+"."+field] }

// known lists the facts by collection and field.
func known() map[string]facts {
	words := func(most int) object {
		return object{"type": []string{"array", "null"}, "items": object{"type": "string"}, "maxItems": most}
	}
	zone := facts{text: "An IANA name, as `America/Sao_Paulo`.", example: "America/Sao_Paulo"}
	language := facts{text: "A BCP 47 tag.", example: "pt-BR"}
	action := facts{text: "Where a tap leads: a path of the library's, or an https address.", example: "/documents/x7k2m9q4w8e1r5t"}
	actions := facts{text: "For front ends: what the role's holders are shown. The server does not read it.", schema: words(500), example: []string{"documents.list"}}
	return map[string]facts{
		"users.username":        {text: "Unique whatever the case; also good to sign in with. Made from the e-mail if not sent.", example: "ana", filled: true},
		"users.email":           {text: "Unique whatever the case. Needed to sign up; accounts made by staff may have none.", example: "ana@example.org"},
		"users.name":            {example: "Ana Lima"},
		"users.role":            {text: "Staff may set it, within what they hold themselves; a new account's is Visitor.", example: names.RoleVisitor, filled: true},
		"users.state":           {text: "Only an `active` account may sign in. Staff may set it.", example: names.StateActive, filled: true},
		"users.verified":        {text: "Whether the address was confirmed. Staff may set it."},
		"users.emailVisibility": {text: "Has no effect: an address is shown to its owner and to who manages users."},
		"users.language":        language, "users.timezone": zone,
		"users.lastLogin":  {derived: true},
		"users.channels":   {text: "How the patron hears of notifications besides the app; both if not sent.", example: []string{"push", "mail"}},
		"users.quietHours": {text: "When neither push nor mail comes, by the patron's clock.", schema: quietHours(), example: map[string]string{"from": "22:00", "to": "07:00"}},

		"roles.name": {example: "Reading group"}, "roles.webActions": actions, "roles.mobileActions": actions,
		"roles.permissions": {text: "See `GET /api/library/permissions`. Nobody can grant one that they lack.", example: []string{names.DocumentsCreate}},

		"library.name": {example: "The Reading Room"}, "library.defaultLanguage": language, "library.defaultTimezone": zone,
		"library.signup":     {text: "Whether anybody may make an account."},
		"library.activation": {text: "How a new account becomes active: by confirming its address, by staff, or at once."},

		"library_settings.allowedEmailDomains": {text: "Only addresses at these sign up; empty for all.", schema: words(1000), example: []string{"example.org"}},
		"library_settings.allowedExtensions":   {text: "Types of files that the library takes in.", schema: words(200), example: []string{"pdf", "epub"}},
		"library_settings.alertTime":           {text: "When documents about to expire are told of, by the library's clock.", example: "10:00"},
		"library_settings.maxUploadMB":         {example: 2048},
		"library_settings.auditDays":           {example: 365},

		"categories.code": {text: "Unique.", example: "HIST"}, "categories.name": {example: "History"},
		"regions.code": {text: "Unique.", example: "SP"}, "regions.name": {example: "São Paulo"}, "cities.name": {example: "São Paulo"},

		"documents.code":         {text: "Unique; made if not sent.", example: "K7QF2-M9DTX", filled: true},
		"documents.title":        {text: "Until one is sent, the file's own title or its name stands in.", example: "The Old Man and the Sea", filled: true},
		"documents.observations": {text: "Seen and written by the owner and `documents.manage`; in nobody's filter or sort.", private: true},
		"documents.alertEmails":  {text: "Who else hears of the expiry. Seen and written by the owner and `documents.manage`; in nobody's filter or sort.", schema: words(10), example: []string{"archive@example.org"}, private: true},
		"documents.authors":      {schema: words(100), example: []string{"Ernest Hemingway"}},
		"documents.tags":         {schema: words(100), example: []string{"novella"}},
		"documents.published":    {text: "A year, a month or a day.", example: "1952-09-01"},
		"documents.language":     language,
		"documents.isbn":         {text: "10 or 13 digits with a right check digit, hyphens allowed; kept as 13 digits.", example: "9780684801223", schema: object{"type": "string", "maxLength": 32}},
		"documents.owner":        {text: "The patron who made it: a client's value is ignored on create and refused on change.", example: "x7k2m9q4w8e1r5t"},
		"documents.visibility":   {text: "Who may read it besides its owner and whom it is shared with; `members` if not sent.", example: names.VisibilityMembers, filled: true},
		"documents.file":         {text: "The work itself. What a new file is, is told by its content, never by the client."},
		"documents.fileName":     {text: "The file's name as it was uploaded.", example: "old-man.epub", derived: true},
		"documents.contentType":  {text: "The IANA type, by content.", example: "application/epub+zip", derived: true},
		"documents.fileSize":     {text: "Bytes.", example: 482113, derived: true},
		"documents.sha256":       {example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", derived: true},
		"documents.fileUpdated":  {text: "When the file last changed, in UTC.", derived: true},
		"documents.kind":         {text: "Follows from the file; a text may be called a book or a document.", example: "book", filled: true},
		"documents.pages":        {example: 127, derived: true},
		"documents.duration":     {text: "Seconds.", example: 0, derived: true},
		"documents.thumbnail":    {text: "The name of a picture of at most 512 × 512, once it is made.", example: "thumbnail_q4w8e1r5t0.jpg", derived: true},
		"documents.state":        {text: "`processing` until the preview is made or given up.", example: names.DocumentReady, derived: true},
		"documents.stateDetail":  {text: "Why there is no preview.", example: "", derived: true},
		"documents.expiresOn":    {text: "A day, `YYYY-MM-DD`, by the library's clock.", example: "2027-12-31"},
		"documents.alert":        {text: "Whether the owner hears of the expiry."},
		"documents.daysToAlert":  {text: "How many days before.", example: 30},
		"documents.copies":       {text: "How many may be lent at once; 0: it is not lent.", example: 0},

		"document_links.collection": {text: "The collection of the linked record.", example: "cities"},
		"document_links.record":     {text: "Its id; it has to exist.", example: "x7k2m9q4w8e1r5t"},

		"notifications.kind": {text: "`message` if not sent.", filled: true}, "notifications.webAction": action, "notifications.mobileAction": action,
		"notifications.title": {example: "A new shelf"}, "notifications.body": {example: "The maps have moved to the first floor."},
		"notifications.readAt": {text: "When it was read; empty: not yet."},

		"devices.user":     {text: "The caller, whoever is named.", example: "x7k2m9q4w8e1r5t", filled: true},
		"devices.token":    {text: "The Firebase registration token. One that is known moves to the caller.", example: "fMEP0vJqS0y:APA91bH"},
		"devices.label":    {example: "Ana's phone"},
		"devices.lastSeen": {text: "When the app last wrote it, in UTC.", derived: true},

		"audit_logs.actor":   {text: "The id of who did it, which outlives the account.", example: "x7k2m9q4w8e1r5t"},
		"audit_logs.action":  {text: "A client may write `note` only.", example: "note"},
		"audit_logs.changes": {text: "Names of fields.", schema: object{}, example: []string{"title"}},
		"audit_logs.note":    {example: "Asked by telephone."}, "audit_logs.actorName": {example: "Ana Lima"},
		"audit_logs.collection": {example: "documents"}, "audit_logs.record": {example: "x7k2m9q4w8e1r5t"},
		"audit_logs.ip": {example: "203.0.113.7"}, "audit_logs.userAgent": {example: "Mozilla/5.0"},
	}
}

func quietHours() object {
	clock := object{"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
	return object{"type": []string{"object", "null"}, "required": []string{"from", "to"}, "properties": object{"from": clock, "to": clock}}
}

// added are the fields that answers carry besides those of the collection.
func added(c *core.Collection) object {
	switch c.Name {
	case names.Users:
		return object{"activation": object{
			"type": "string", "enum": []string{names.ActivationEmail, names.ActivationApproval, names.ActivationNone},
			"description": "How the new account becomes active; in the answer to a sign-up only.", "readOnly": true,
		}}
	case names.Documents:
		return object{"stateMessage": object{
			"type": "string", "readOnly": true, "description": "`stateDetail` in the caller's language; there only if there is one.",
			"examples": []any{"This file is protected by a password."},
		}}
	}
	return object{}
}

// private tells whether a hidden field is shown to a record's owner.
func private(c *core.Collection, f core.Field) bool { return fact(c, f.GetName()).private }

// readable tells whether a field may be in an answer to a patron.
func readable(c *core.Collection, f core.Field) bool { return !f.GetHidden() || private(c, f) }

// writable tells whether a client's value of a field counts.
func writable(c *core.Collection, f core.Field) bool {
	return f.Type() != core.FieldTypeAutodate && f.Type() != core.FieldTypePassword && !fact(c, f.GetName()).derived
}

// needed tells whether a new record has to name the field.
func needed(c *core.Collection, f core.Field) bool {
	if f.GetName() == core.FieldNameId || fact(c, f.GetName()).filled {
		return false
	}
	switch f := f.(type) {
	case *core.TextField:
		return f.Required
	case *core.EmailField:
		return f.Required
	case *core.URLField:
		return f.Required
	case *core.EditorField:
		return f.Required
	case *core.NumberField:
		return f.Required
	case *core.BoolField:
		return f.Required
	case *core.DateField:
		return f.Required
	case *core.SelectField:
		return f.Required
	case *core.RelationField:
		return f.Required
	case *core.FileField:
		return f.Required
	case *core.JSONField:
		return f.Required
	case *core.GeoPointField:
		return f.Required
	}
	return false
}

// always tells whether a field is in every answer that no `fields` narrows:
// others see four fields of a user, and what is private only its owner.
func always(c *core.Collection, f core.Field) bool {
	if c.Name == names.Users {
		return slices.Contains([]string{core.FieldNameId, "name", "username", "avatar"}, f.GetName())
	}
	return !private(c, f)
}

// aboutCollection is what a collection is for.
func aboutCollection(c *core.Collection) string {
	return map[string]string{
		names.Users:           "Patrons. One sees all of oneself; of others id, name, username and avatar; who manages users sees all.",
		names.Roles:           "What patrons may do.",
		names.Library:         "The library itself: one record, read by anyone.",
		names.LibrarySettings: "How the library works: one record.",
		names.Categories:      "What documents are about. One in use cannot be deleted.",
		names.Documents:       "The catalogue: each record is one work with its file. Lists sort well by `created`, `updated`, `title`, `code`, `published`, `series,seriesIndex`, `expiresOn` and `fileSize`.",
		names.DocumentShares:  "Who may read a document because its owner lets them. The pair is unique.",
		names.DocumentLinks:   "Documents that belong to any other record.",
		names.Notifications:   "What a patron is told. The app shows it, push and mail repeat it by the patron's channels and quiet hours.",
		names.Devices:         "Phones and browsers that get a patron's push messages.",
		names.AuditLogs:       "Who changed what, and who signed in. Nobody edits or deletes it.",
		names.Regions:         "Regions, such as states. One with cities cannot be deleted.",
		names.Cities:          "Cities by region.",
	}[c.Name]
}

// aboutAct adds to an operation what its rule does not say.
func aboutAct(c *core.Collection, method string, single bool) string {
	switch c.Name + " " + method {
	case "users POST":
		return "Signing up, or an account made by who has `users.manage`. A sign-up is a 403 `signup_closed` while the library's `signup` is closed; " +
			"the new account is a Visitor, and `activation` in the answer tells how it becomes active. While that is `email`, a taken address is answered like a free one."
	case "users GET":
		if single {
			return "Of others only id, name, username and avatar are shown."
		}
		return "Only `users.manage` sees anybody but themselves."
	case "users PATCH":
		return "Patrons change their own name, username, avatar, language, time zone, channels and quiet hours, and with `oldPassword` their password; the address by `request-email-change`. " +
			"Nobody changes the role, password, address or state of who holds more permissions than they do."
	case "documents POST":
		return "The answer comes at once, with `state` `processing`; thumbnail and metadata follow (see realtime). A file larger than `maxUploadMB` is a 413."
	case "notifications PATCH":
		return "One's own is marked as read by `readAt`."
	case "devices POST":
		return "At most 20 a patron: beyond, the one that was not seen for the longest goes."
	case "audit_logs POST":
		return "The actor, the address and the time are the server's."
	}
	return ""
}
