package accounts

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// tokensOf are one token of each purpose.
func tokensOf(t *testing.T, u *core.Record) map[string]string {
	t.Helper()
	all := map[string]string{}
	for purpose, make := range map[string]func() (string, error){
		core.TokenTypeAuth: u.NewAuthToken, core.TokenTypeFile: u.NewFileToken, core.TokenTypeVerification: u.NewVerificationToken,
		core.TokenTypePasswordReset: u.NewPasswordResetToken,
		core.TokenTypeEmailChange:   func() (string, error) { return u.NewEmailChangeToken("new@example.org") },
	} {
		token, err := make()
		if err != nil {
			t.Fatal(err)
		}
		all[purpose] = token
	}
	return all
}

// confirm uses a token for a purpose that a mail has.
func (h *house) confirm(purpose, token string) answer {
	h.t.Helper()
	path := map[string]string{
		core.TokenTypeVerification: "confirm-verification", core.TokenTypePasswordReset: "confirm-password-reset", core.TokenTypeEmailChange: "confirm-email-change",
	}[purpose]
	return h.ask(nil, "POST", collection+path, m{"token": token, "password": testapp.Password, "passwordConfirm": testapp.Password})
}

// stays fails if f changes anything of a user.
func (h *house) stays(what string, u *core.Record, f func()) {
	h.t.Helper()
	before := h.stored(u)
	f()
	unchanged(h.t, what, before, h.stored(u))
}

func waiting(r *core.Record) { r.SetVerified(false) }

func TestTokenOfOnePurposeConfirmsNoOther(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	for _, purpose := range []string{core.TokenTypeVerification, core.TokenTypePasswordReset, core.TokenTypeEmailChange} {
		for of, token := range tokensOf(t, ann) {
			if of == purpose {
				continue
			}
			h.stays(of+" as "+purpose, ann, func() {
				a := h.confirm(purpose, token)
				code, _ := a.code("token").(string)
				if a.status != 400 || !strings.HasPrefix(code, "validation_invalid_token") {
					t.Errorf("%s as %s: %d %s", of, purpose, a.status, a.raw)
				}
			})
		}
	}
}

func TestOnlyAuthTokensSignIn(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	tokens := tokensOf(t, ann)
	for _, of := range slices.Sorted(maps.Keys(tokens)) {
		want := 401
		if of == core.TokenTypeAuth {
			want = 200
		}
		for path, method := range map[string]string{"/api/library/me": "GET", collection + "auth-refresh": "POST", "/api/files/token": "POST"} {
			if a := h.with(tokens[of], method, path, ""); a.status != want {
				t.Errorf("%s for %s: %d %s", of, path, a.status, a.raw)
			}
		}
	}
}

func TestOnlyFileTokensOpenFiles(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	doc := testapp.Document(t, h, ann, schema.VisibilityPrivate)
	for of, token := range tokensOf(t, ann) {
		want := 404
		if of == core.TokenTypeFile {
			want = 200
		}
		if a := h.ask(nil, "GET", "/api/files/documents/"+doc.Id+"/"+doc.GetString("file")+"?token="+token, nil); a.status != want {
			t.Errorf("%s: %d %s", of, a.status, a.raw)
		}
	}
}

func TestTokenWorksOnce(t *testing.T) {
	h := open(t)
	for _, purpose := range []string{core.TokenTypePasswordReset, core.TokenTypeEmailChange} {
		u := h.user(strings.ToLower(purpose), schema.RoleVisitor)
		token := tokensOf(t, u)[purpose]
		if a := h.confirm(purpose, token); a.status != 204 {
			t.Fatalf("%s: %d %s", purpose, a.status, a.raw)
		}
		h.stays(purpose, u, func() {
			if a := h.confirm(purpose, token); a.status != 400 || a.code("token") != "validation_invalid_token" {
				t.Errorf("%s again: %d %s", purpose, a.status, a.raw)
			}
		})
		if purpose == core.TokenTypeEmailChange {
			h.set(schema.Users, u.Id, m{"email": "elsewhere@example.org"})
		}
	}
}

func TestVerificationAgainChangesNothing(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	token := tokensOf(t, ann)[core.TokenTypeVerification]
	if a := h.confirm(core.TokenTypeVerification, token); a.status != 204 || !h.stored(ann).Verified() {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	h.set(schema.Users, ann.Id, m{"state": schema.StateInactive})
	h.stays("the link", ann, func() { h.confirm(core.TokenTypeVerification, token) })
}

func TestTokensDieWithTheSessions(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	tokens := tokensOf(t, ann)
	if a := h.ask(ann, "POST", end(ann.Id), nil); a.status != 204 {
		t.Fatal(a.status)
	}
	for _, purpose := range []string{core.TokenTypeVerification, core.TokenTypePasswordReset, core.TokenTypeEmailChange} {
		h.stays(purpose, ann, func() {
			if a := h.confirm(purpose, tokens[purpose]); a.status != 400 || a.code("token") != "validation_invalid_token" {
				t.Errorf("%s: %d %s", purpose, a.status, a.raw)
			}
		})
	}
}

func TestTokenOfAnOldAddressVerifiesNoNewOne(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	tokens := tokensOf(t, ann)
	h.set(schema.Users, ann.Id, m{"email": "new.ann@example.org"})
	for _, purpose := range []string{core.TokenTypeVerification, core.TokenTypePasswordReset, core.TokenTypeEmailChange} {
		h.stays(purpose, ann, func() {
			if a := h.confirm(purpose, tokens[purpose]); a.status != 400 {
				t.Errorf("%s: %d %s", purpose, a.status, a.raw)
			}
		})
	}
}

// signed makes a token as anybody may who has the code, but not the secrets.
func signed(t *testing.T, method jwt.SigningMethod, key any, u *core.Record, purpose string, changes jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{
		"id": u.Id, "collectionId": u.Collection().Id, "type": purpose, "email": u.Email(), "newEmail": "new@example.org", "refreshable": true,
		"exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestForgedTokensOpenNothing(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor, waiting)
	root := testapp.Superuser(t, h)
	own, _, _ := strings.Cut(testapp.Token(t, ann), ".")
	key := func(u *core.Record) []byte { return []byte(u.TokenKey() + u.Collection().AuthToken.Secret) }
	for name, forge := range map[string]func(purpose string) string{
		"alg none": func(p string) string {
			return signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, ann, p, nil)
		},
		"no signature": func(p string) string {
			s := signed(t, jwt.SigningMethodHS256, key(ann), ann, p, nil)
			return s[:strings.LastIndex(s, ".")+1]
		},
		"an empty key":   func(p string) string { return signed(t, jwt.SigningMethodHS256, []byte{}, ann, p, nil) },
		"half the key":   func(p string) string { return signed(t, jwt.SigningMethodHS256, []byte(ann.TokenKey()), ann, p, nil) },
		"another method": func(p string) string { return signed(t, jwt.SigningMethodHS512, key(ann), ann, p, nil) },
		"expired": func(p string) string {
			return signed(t, jwt.SigningMethodHS256, key(ann), ann, p, jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix()})
		},
		"another account's": func(p string) string { return signed(t, jwt.SigningMethodHS256, key(ann), root, p, nil) },
		"no account's": func(p string) string {
			return signed(t, jwt.SigningMethodHS256, key(ann), ann, p, jwt.MapClaims{"id": "nobody000000000"})
		},
		"a role's": func(p string) string {
			return signed(t, jwt.SigningMethodHS256, key(ann), ann, p, jwt.MapClaims{"id": schema.RoleAdmin, "collectionId": schema.Roles})
		},
		"no purpose": func(string) string {
			return signed(t, jwt.SigningMethodHS256, key(ann), ann, "", nil)
		},
		"a head alone": func(string) string { return own },
		"no token":     func(string) string { return "null" },
	} {
		h.stays(name, ann, func() {
			if a := h.with(forge(core.TokenTypeAuth), "GET", "/api/library/me", ""); a.status != 401 {
				t.Errorf("%s signs in: %d %s", name, a.status, a.raw)
			}
			for _, purpose := range []string{core.TokenTypeVerification, core.TokenTypePasswordReset, core.TokenTypeEmailChange} {
				a := h.confirm(purpose, forge(purpose))
				code, _ := a.code("token").(string)
				if a.status != 400 || !strings.HasPrefix(code, "validation_invalid_token") {
					t.Errorf("%s as %s: %d %s", name, purpose, a.status, a.raw)
				}
			}
		})
	}
}

// A superuser's token is of no use on the patrons' pages, nor theirs on its.
func TestTokensStayInTheirCollection(t *testing.T) {
	h := open(t)
	ann, root := h.user("ann", schema.RoleVisitor, waiting), testapp.Superuser(t, h)
	reset, err := root.NewPasswordResetToken()
	if err != nil {
		t.Fatal(err)
	}
	if a := h.confirm(core.TokenTypePasswordReset, reset); a.status != 400 || a.code("token") != "validation_token_collection_mismatch" {
		t.Errorf("a superuser's: %d %s", a.status, a.raw)
	}
	body := m{"token": tokensOf(t, ann)[core.TokenTypePasswordReset], "password": "another-password", "passwordConfirm": "another-password"}
	if a := h.ask(nil, "POST", "/api/collections/_superusers/confirm-password-reset", body); a.status != 400 || a.code("token") != "validation_token_collection_mismatch" {
		t.Errorf("a patron's: %d %s", a.status, a.raw)
	}
}
