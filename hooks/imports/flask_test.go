package imports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/dbx"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

func TestRolesComeWithWhatTheirGrantsMean(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	keeper := h.first(t, schema.Roles, dbx.HashExp{"name": "Keeper"})
	if got := strings.Join(keeper.GetStringSlice("permissions"), " "); got != "documents.read documents.create" {
		t.Errorf("Keeper may %s", got)
	}
	if said(t, out, flask.Grants, 6) != "moved\tKeeper: GET /documents; becomes documents.read" ||
		!strings.HasPrefix(said(t, out, flask.Grants, 8), "skipped\tKeeper: GET /users; dropped") ||
		!strings.HasPrefix(said(t, out, flask.Grants, 9), "skipped\tKeeper: GET /nowhere; dropped") {
		t.Errorf("the table of grants:\n%s", out)
	}
	// A name that is taken, case aside, does not join what is there.
	h.first(t, schema.Roles, dbx.HashExp{"name": "keeper (Flask)"})
	if own := h.first(t, schema.Roles, dbx.HashExp{"name": "Customer (Flask)"}); len(own.GetStringSlice("permissions")) > 0 {
		t.Error("a Customer may more than before")
	}
}

func TestTheAdminOfOldIsTheLibrarysOwn(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	if got := values(h.user(t, "ana"), "role"); got != schema.RoleAdmin {
		t.Errorf("ana's role is %s", got)
	}
	if got := values(h.user(t, "nova"), "role"); got != schema.RoleVisitor {
		t.Errorf("nova's role is %s", got)
	}
	all, err := h.CountRecords(schema.Roles)
	if err != nil || all != 7 {
		t.Errorf("%d roles, %v", all, err)
	}
}

func TestActionsOfRolesComeWithoutScripts(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	keeper := h.first(t, schema.Roles, dbx.HashExp{"name": "Keeper"})
	if got := values(keeper, "webActions", "mobileActions"); got != `["/documents"]|["app-home"]` {
		t.Errorf("the actions are %s", got)
	}
	if got := values(h.first(t, schema.Roles, dbx.HashExp{"id": schema.RoleAdmin}), "webActions"); got != `["*"]` {
		t.Errorf("the Admin's actions are %s", got)
	}
	if !strings.Contains(said(t, out, flask.WebActions, 3), "dropped") || !strings.Contains(said(t, out, flask.WebActions, 4), "there is no role 77") {
		t.Errorf("printed:\n%s", out)
	}
}

func TestUsersComeAsTheyWere(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	ana := h.user(t, "ana")
	if got := values(ana, "name", "email", "verified", "state", "lastLogin", "created", "updated", "emailVisibility"); got !=
		`ANA|ana@example.org|true|active|2025-05-06 10:08:09.000Z|2024-02-29 13:14:15.000Z|2024-03-01 13:14:15.000Z|false` {
		t.Errorf("ana is %s", got)
	}
	if len(ana.GetStringSlice("channels")) != 2 {
		t.Error("ana hears of nothing")
	}
	if ana.GetString("avatar") == "" {
		t.Error("ana has no avatar")
	}
	if !strings.Contains(said(t, out, flask.Users, 3), "comes without avatar") || h.user(t, "curta").GetString("avatar") != "" {
		t.Errorf("an avatar that is no picture: %s", said(t, out, flask.Users, 3))
	}
	for username, state := range map[string]string{"bia": schema.StateActive, "fora": schema.StateInactive, "nova": schema.StatePending, "saiu": schema.StateInactive} {
		if got := values(h.user(t, username), "state"); got != state {
			t.Errorf("%s is %s, not %s", username, got, state)
		}
	}
}

func TestUsersWithoutAnEmailOfTheirOwnComeByUsername(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	for old, why := range map[int]string{
		6: "others had the e-mail dup@example.org, too", 7: "others had the e-mail DUP@example.org, too", 8: "it had no e-mail", 13: "its e-mail is none",
	} {
		if line := said(t, out, flask.Users, old); !strings.HasPrefix(line, "moved\t") || !strings.Contains(line, why) {
			t.Errorf("user %d: %s", old, line)
		}
	}
	without, err := h.CountRecords(schema.Users, dbx.HashExp{"email": ""})
	if err != nil || without != 4 {
		t.Errorf("%d without an e-mail, %v", without, err)
	}
	if status := h.signIn(t, "dup", "dup-password"); status != 200 {
		t.Errorf("by username: %d", status)
	}
}

func TestUsernamesThatCannotBeAreRenamed(t *testing.T) {
	t.Parallel()
	_, out := moveIn(t, small().write(t))
	for old, change := range map[int]string{5: `"e@mail.org" became "email.org"`, 7: `"DUP" became "dup2"`, 8: `"jo" became "reader"`} {
		if line := said(t, out, flask.Users, old); !strings.Contains(line, change) {
			t.Errorf("user %d: %s", old, line)
		}
	}
}

func TestAnAddressOfThisLibraryIsNotTakenOver(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, err := h.FindCollectionByNameOrId(schema.Users)
	if err != nil {
		t.Fatal(err)
	}
	mine := coreRecord(c, cells{"username": "ana", "email": "ANA@example.org", "password": "quite-another-1"})
	if err := h.Save(mine); err != nil {
		t.Fatal(err)
	}
	out, err := h.move(t, small().write(t))
	if err != nil {
		t.Fatal(err)
	}
	if line := said(t, out, flask.Users, 1); !strings.Contains(line, "an account of this library has the e-mail") || !strings.Contains(line, `became "ana2"`) {
		t.Errorf("user 1: %s", line)
	}
	if status := h.signIn(t, "ana@example.org", "ana-password"); status != 400 {
		t.Errorf("the old password opens another's account: %d", status)
	}
}

func TestPushTokensBecomeDevices(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	device := h.first(t, schema.Devices, dbx.HashExp{"token": "tok-1"})
	if got := values(device, "user", "lastSeen"); got != h.user(t, "ana").Id+"|2025-05-06 10:08:09.000Z" {
		t.Errorf("the device is %s", got)
	}
}

func TestStatesAndCitiesCome(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	region := h.first(t, schema.Regions, dbx.HashExp{"code": "SP", "name": "São Paulo"})
	h.first(t, schema.Cities, dbx.HashExp{"name": "Campinas", "region": region.Id})
	if line := said(t, out, flask.Cities, 2); line != "skipped\tthere is no state 9" {
		t.Errorf("a city of nowhere: %s", line)
	}
}

func TestCategoriesComeUnlessTheLibraryHasThem(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, err := h.FindCollectionByNameOrId(schema.Categories)
	if err != nil {
		t.Fatal(err)
	}
	mine := coreRecord(c, cells{"code": "CONTR", "name": "Contracts"})
	if err := h.Save(mine); err != nil {
		t.Fatal(err)
	}
	out, err := h.move(t, small().write(t))
	if err != nil {
		t.Fatal(err)
	}
	if line := said(t, out, flask.Categories, 1); !strings.HasPrefix(line, "unchanged\t") {
		t.Errorf("the category: %s", line)
	}
	if got := values(h.first(t, schema.Documents, dbx.HashExp{"code": "A1"}), "category"); got != mine.Id {
		t.Errorf("the document's category is %s", got)
	}
}

func TestDocumentsComeWithFileAndTimes(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	doc := h.first(t, schema.Documents, dbx.HashExp{"code": "A1"})
	if got := values(doc, "title", "observations", "owner", "visibility", "fileName", "contentType", "fileSize", "created", "updated", "fileUpdated"); got !=
		"Um texto|obs|"+h.user(t, "bia").Id+"|private|um ção.txt|text/plain|3|2024-02-29 13:14:15.000Z|2024-03-01 13:14:15.000Z|2024-02-29 14:00:00.000Z" {
		t.Errorf("the document is %s", got)
	}
	system, err := h.NewFilesystem()
	if err != nil {
		t.Fatal(err)
	}
	defer system.Close()
	if attributes, err := system.Attributes(doc.BaseFilesPath() + "/" + doc.GetString("file")); err != nil || attributes.Size != 3 {
		t.Errorf("its file: %v, %v", attributes, err)
	}
	h.first(t, schema.Jobs, dbx.HashExp{"key": "preview:" + doc.Id + ":" + doc.GetString("file")})
	// Named by its whole address, and by a folder.
	h.first(t, schema.Documents, dbx.HashExp{"code": "A5", "fileName": "tres.txt"})
	h.first(t, schema.Documents, dbx.HashExp{"code": "A2", "fileName": "dois.txt", "owner": ""})
}

func TestAlertsOfDocumentsComeWithinBounds(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	doc := h.first(t, schema.Documents, dbx.HashExp{"code": "A1"})
	if got := values(doc, "expiresOn", "alert", "daysToAlert", "alertEmails"); got != `2027-03-01|true|0|["a@example.org","b@example.org"]` {
		t.Errorf("the alert is %s", got)
	}
	if line := said(t, out, flask.Documents, 1); !strings.Contains(line, "0 days before instead of -5") || !strings.Contains(line, `"nobody" is no e-mail`) {
		t.Errorf("printed %s", line)
	}
}

func TestADocumentWithoutFileIsSkipped(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	if line := said(t, out, flask.Documents, 3); !strings.HasPrefix(line, "skipped\tits file gone.pdf is gone") {
		t.Errorf("printed %s", line)
	}
	if n, err := h.CountRecords(schema.Documents, dbx.HashExp{"code": "A3"}); err != nil || n != 0 {
		t.Errorf("%d came, %v", n, err)
	}
	if line := said(t, out, flask.Shares, 4); line != "skipped\tdocument 3 did not come" {
		t.Errorf("its share: %s", line)
	}
}

func TestUploadsCannotLeaveTheirFolder(t *testing.T) {
	t.Parallel()
	f := small()
	f[flask.Documents] = append(f[flask.Documents], row(6, cells{"code": "A6", "description": "Link", "alert": 0, "user_id": 1, "file_url": "link.txt"}))
	o := f.write(t)
	if err := os.Symlink(filepath.Join(filepath.Dir(o.uploads), "secret.txt"), filepath.Join(o.uploads, "link.txt")); err != nil {
		t.Fatal(err)
	}
	h := open(t)
	out, err := h.move(t, o)
	if err == nil || !strings.Contains(err.Error(), "1 rows failed") {
		t.Errorf("moved with %v", err)
	}
	for old, want := range map[int]string{4: "skipped\tits file \"../secret.txt\" would lie outside", 6: "failed\t"} {
		if line := said(t, out, flask.Documents, old); !strings.HasPrefix(line, want) {
			t.Errorf("printed %s", line)
		}
	}
	if n, err := h.CountRecords(schema.Documents); err != nil || n != 3 {
		t.Errorf("a file from outside came: %d, %v", n, err)
	}
}

func TestSharesComeOnceAndNotWithTheOwner(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	doc := h.first(t, schema.Documents, dbx.HashExp{"code": "A1"})
	h.first(t, schema.DocumentShares, dbx.HashExp{"document": doc.Id, "user": h.user(t, "curta").Id})
	for old, want := range map[int]string{2: "unchanged\tit is there already", 3: "skipped\ta document is not shared", 5: "skipped\tthere is no user 99"} {
		if line := said(t, out, flask.Shares, old); !strings.HasPrefix(line, want) {
			t.Errorf("share %d: %s", old, line)
		}
	}
}

func TestLinksComeToUsersThatThereAre(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	h.first(t, schema.DocumentLinks, dbx.HashExp{"collection": schema.Users, "record": h.user(t, "curta").Id})
	for old, want := range map[int]string{2: "skipped\tthere is no user 99", 3: `skipped	links to "Role"`} {
		if line := said(t, out, flask.Links, old); !strings.HasPrefix(line, want) {
			t.Errorf("link %d: %s", old, line)
		}
	}
}

func TestNotificationsComeAsReadAsTheyWere(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	got := []string{}
	for old := int64(1); old <= 3; old++ {
		n := h.first(t, schema.Notifications, dbx.HashExp{"id": newID(flask.Notifications, old, "")})
		got = append(got, values(n, "title", "body", "webAction", "mobileAction", "readAt", "created"))
	}
	if diff := cmp.Diff([]string{
		"Aviso|Texto||/m||2024-02-29 13:14:15.000Z",
		"Lido|Texto|https://example.org/x||2025-01-02 06:04:05.000Z|2024-02-29 13:14:15.000Z",
		"Lido|Texto|||2024-03-01 13:14:15.000Z|2024-02-29 13:14:15.000Z",
	}, got); diff != "" {
		t.Error(diff)
	}
	for old, want := range map[int]string{1: "javascript:", 3: `"/\x01//evil.example" was dropped`, 4: "there is no user 99"} {
		if line := said(t, out, flask.Notifications, old); !strings.Contains(line, want) {
			t.Errorf("notification %d: %s", old, line)
		}
	}
}

func TestLogsBecomeTheAudit(t *testing.T) {
	t.Parallel()
	h, out := moveIn(t, small().write(t))
	bia := h.user(t, "bia").Id
	login := h.first(t, schema.AuditLogs, dbx.HashExp{"id": newID(flask.Logs, 1, "")})
	if got := values(login, "action", "actor", "actorName", "ip", "userAgent", "note", "created"); got !=
		"login|"+bia+"|BIA|203.0.113.7|Mozilla/5.0 (X11)|Entrou.|2024-02-29 13:14:15.000Z" {
		t.Errorf("the sign-in is %s", got)
	}
	note := h.first(t, schema.AuditLogs, dbx.HashExp{"id": newID(flask.Logs, 2, "")})
	if got := values(note, "action", "collection", "record", "ip", "note"); got != "note|users|"+h.user(t, "ana").Id+"|203.0.113.8|Visited" {
		t.Errorf("the note is %s", got)
	}
	if !strings.Contains(out, "Logs go back to 2024-02-29, and the library keeps them for 365 days") {
		t.Error("nobody is warned that old logs go")
	}
}

func TestMembersSeeWhatIsMovedIfTheFlagSaysSo(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t), "--visibility", "members")
	h.first(t, schema.Documents, dbx.HashExp{"code": "A1", "visibility": schema.VisibilityMembers})
}

func TestWrongFlagsAreNamed(t *testing.T) {
	t.Parallel()
	h, o := open(t), small().write(t)
	for name, args := range map[string][]string{
		"--database": {"--uploads", o.uploads, "--timezone", "UTC"}, "--timezone": {"--database", o.database, "--uploads", o.uploads, "--timezone", "Mars"},
		"--visibility": {"--database", o.database, "--uploads", o.uploads, "--timezone", "UTC", "--visibility", "public"},
		"uploads":      {"--database", o.database, "--uploads", "/no/such/folder", "--timezone", "UTC"},
		"old database": {"--database", "/no/such/file", "--uploads", o.uploads, "--timezone", "UTC"},
		"AWS_":         {"--database", o.database, "--uploads", "s3://bucket", "--timezone", "UTC"},
	} {
		if _, err := h.run(t, "", args...); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
