// Package schema names the collections, fields and fixed values of the
// database, so that a misspelt one does not compile.
package schema

// Collections.
const (
	Users           = "users"
	Roles           = "roles"
	Library         = "library"
	LibrarySettings = "library_settings"
	Categories      = "categories"
	Documents       = "documents"
	DocumentShares  = "document_shares"
	DocumentLinks   = "document_links"
	Notifications   = "notifications"
	Devices         = "devices"
	AuditLogs       = "audit_logs"
	Regions         = "regions"
	Cities          = "cities"
	Jobs            = "jobs"
)

// Ids of the records that every installation starts with.
const (
	RoleAdmin         = "roleadmin000000"
	RoleLibrarian     = "rolelibrarian00"
	RoleCustomer      = "rolecustomer000"
	RoleVisitor       = "rolevisitor0000"
	LibraryID         = "library00000000"
	LibrarySettingsID = "librarysettings"
)

// Permissions a role may hold.
const (
	UsersManage       = "users.manage"
	RolesManage       = "roles.manage"
	LibraryManage     = "library.manage"
	CategoriesManage  = "categories.manage"
	PlacesManage      = "places.manage"
	DocumentsCreate   = "documents.create"
	DocumentsRead     = "documents.read"
	DocumentsManage   = "documents.manage"
	LoansBorrow       = "loans.borrow"
	LoansManage       = "loans.manage"
	NotificationsSend = "notifications.send"
	AuditRead         = "audit.read"
	AuditWrite        = "audit.write"
)

// Permissions returns every permission, in the order they are shown.
func Permissions() []string {
	return []string{
		UsersManage, RolesManage, LibraryManage, CategoriesManage, PlacesManage,
		DocumentsCreate, DocumentsRead, DocumentsManage, LoansBorrow, LoansManage,
		NotificationsSend, AuditRead, AuditWrite,
	}
}

// States of a user; only an active one may sign in.
const (
	StatePending  = "pending"
	StateActive   = "active"
	StateInactive = "inactive"
)

// Values of library.signup and library.activation.
const (
	SignupOpen         = "open"
	SignupClosed       = "closed"
	ActivationEmail    = "email"
	ActivationApproval = "approval"
	ActivationNone     = "none"
)

// Visibilities of a document.
const (
	VisibilityPrivate = "private"
	VisibilityMembers = "members"
	VisibilityPublic  = "public"
)

// States of a document's preview.
const (
	DocumentProcessing = "processing"
	DocumentReady      = "ready"
	DocumentFailed     = "failed"
)

// States of a job; failed is the dead letter.
const (
	JobQueued  = "queued"
	JobRunning = "running"
	JobDone    = "done"
	JobFailed  = "failed"
)

// Kinds of a notification.
const (
	KindMessage = "message"
	KindShare   = "share"
	KindExpiry  = "expiry"
	KindDue     = "due"
	KindHold    = "hold"
	KindAccount = "account"
	KindSystem  = "system"
)

// Channels by which a patron hears of a notification besides the app.
const (
	ChannelPush = "push"
	ChannelMail = "mail"
)
