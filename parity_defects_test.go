package main

import (
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// What is unique is so in the database: of many that ask at once, one gets it.
func TestTheSameAtOnceIsOneRecord(t *testing.T) {
	l := furnished(t)
	doc := testapp.Document(t, l.App, l.ann, schema.VisibilityPrivate)
	for collection, c := range map[string]struct {
		who  *core.Record
		body any
	}{
		schema.DocumentShares: {l.ann, m{"document": doc.Id, "user": l.ben.Id}},
		schema.DocumentLinks:  {l.librarian, m{"document": doc.Id, "collection": schema.Users, "record": l.ben.Id}},
		schema.Categories:     {l.librarian, m{"code": "ONE", "name": "One"}},
		schema.Regions:        {l.librarian, m{"code": "ONE", "name": "One"}},
		schema.Roles:          {l.admin, m{"name": "One"}},
		schema.Users:          {nil, m{"email": "one@example.org", "password": "a-good-password", "passwordConfirm": "a-good-password"}},
	} {
		var all sync.WaitGroup
		statuses := make(chan int, 8)
		for range cap(statuses) {
			all.Go(func() { statuses <- l.Do(t, c.who, "POST", api+collection+"/records", c.body).Status })
		}
		all.Wait()
		close(statuses)
		made := 0
		for status := range statuses {
			if status == 200 {
				made++
			} else if status != 400 {
				t.Errorf("%s: %d", collection, status)
			}
		}
		if made != 1 {
			t.Errorf("%s: %d made, want 1", collection, made)
		}
	}
}

// No installation starts with a secret that another has.
func TestSecretsAreMadeForTheInstallation(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		app := testapp.New(t)
		for _, name := range []string{schema.Users, core.CollectionNameSuperusers} {
			c, err := app.FindCollectionByNameOrId(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{
				c.AuthToken.Secret, c.FileToken.Secret, c.PasswordResetToken.Secret, c.EmailChangeToken.Secret, c.VerificationToken.Secret,
			} {
				if len(secret) < 50 || seen[secret] {
					t.Errorf("%s: a secret of %d characters, had before: %v", name, len(secret), seen[secret])
				}
				seen[secret] = true
			}
		}
	}
}

// What is not told is not changed, and what is emptied is empty.
func TestFieldsCanBeCleared(t *testing.T) {
	l := furnished(t)
	_, category := l.make(t, l.librarian, schema.Categories, m{"code": "LAW", "name": "Law"})
	path, _ := l.make(t, l.ann, schema.Documents, testapp.Form{
		"file": quiet("lease.txt"), "title": "Lease", "description": "Of the house", "observations": "Mine", "category": category, "expiresOn": "2027-01-31",
		"alert": true, "daysToAlert": 0, "alertEmails": "office@example.org",
	})
	before := l.want(t, 200, l.ann, "GET", path, nil)
	if before.At("alert") != true || before.At("daysToAlert") != 0.0 || before.At("expiresOn") != "2027-01-31" {
		t.Errorf("zero is a number of days: %s", before.Raw)
	}
	after := l.want(t, 200, l.ann, "PATCH", path, m{"description": "", "observations": "", "category": "", "expiresOn": "", "alert": false, "alertEmails": nil})
	for field, want := range map[string]any{"title": "Lease", "description": "", "observations": "", "category": "", "expiresOn": "", "alert": false} {
		if got := after.At(field); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if after.At("fileUpdated") != before.At("fileUpdated") || after.At("sha256") != before.At("sha256") {
		t.Errorf("the file was not changed: %s", after.Raw)
	}
}

// What the server writes itself is of the same clock as what a client sends: UTC.
func TestInstantsAreUTC(t *testing.T) {
	l := furnished(t)
	begin := time.Now().Add(-time.Second)
	path, _ := l.make(t, l.librarian, schema.Notifications, m{"user": l.ann.Id, "title": "Hello"})
	a := l.want(t, 200, l.ann, "PATCH", path, m{"readAt": time.Now().In(time.FixedZone("", -3*3600)).Format(time.RFC3339)})
	for _, field := range []string{"created", "updated", "readAt"} {
		text, _ := a.At(field).(string)
		at, err := time.Parse("2006-01-02 15:04:05.000Z", text)
		if err != nil || at.Before(begin.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("%s is %q: %v", field, text, err)
		}
	}
	local := l.Do(t, l.ann, "GET", path+"?timezone=America/Sao_Paulo", nil)
	text, _ := local.At("local", "created").(string)
	if at, err := time.Parse(time.RFC3339, text); err != nil || at.Before(begin.Add(-time.Second)) || text[len(text)-6:] != "-03:00" {
		t.Errorf("in São Paulo: %q: %v", text, err)
	}
}
