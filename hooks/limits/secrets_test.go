package limits

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const collectionPath = "/api/collections/users/"

// send is post by another method, as user, and tells the whole answer.
func (h *house) send(method, path string, user *core.Record, body any, headers ...string) (status, wait int, raw string) {
	h.t.Helper()
	text, isText := body.(string)
	if !isText {
		b, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(b)
	}
	req, err := http.NewRequest(method, h.url+path, strings.NewReader(text))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if user != nil {
		fresh, err := h.FindRecordById(user.Collection(), user.Id)
		if err != nil {
			h.t.Fatal(err)
		}
		req.Header.Set("Authorization", testapp.Token(h.t, fresh))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	_, _ = fmt.Sscan(res.Header.Get("Retry-After"), &wait) // none on other answers
	return res.StatusCode, wait, string(b)
}

// A secret that is guessed at is held alike, whichever door asks for it.
func TestSecretsOfAnAccount(t *testing.T) {
	type m = map[string]any
	for name, door := range map[string]struct {
		wrong, right func(h *house, u *core.Record) (status, wait int, raw string)
		opens        int // the status of success
	}{
		"old password": {
			wrong: func(h *house, u *core.Record) (int, int, string) {
				return h.send("PATCH", collectionPath+"records/"+u.Id, u, m{"oldPassword": "wrong", "password": "another-one-1", "passwordConfirm": "another-one-1"})
			},
			right: func(h *house, u *core.Record) (int, int, string) {
				return h.send("PATCH", collectionPath+"records/"+u.Id, u, m{"oldPassword": testapp.Password, "password": testapp.Password, "passwordConfirm": testapp.Password})
			},
			opens: 200,
		},
		"old password without a new one": {
			wrong: func(h *house, u *core.Record) (int, int, string) {
				return h.send("PATCH", collectionPath+"records/"+u.Id, u, m{"oldPassword": "wrong", "passwordConfirm": "x"})
			},
			right: func(h *house, u *core.Record) (int, int, string) {
				return h.send("PATCH", collectionPath+"records/"+u.Id, u, m{"oldPassword": testapp.Password, "password": testapp.Password, "passwordConfirm": testapp.Password})
			},
			opens: 200,
		},
		"new address": {
			wrong: func(h *house, u *core.Record) (int, int, string) {
				return h.send("POST", collectionPath+"confirm-email-change", nil, m{"token": changeToken(h, u), "password": "wrong"})
			},
			right: func(h *house, u *core.Record) (int, int, string) {
				return h.send("POST", collectionPath+"confirm-email-change", nil, m{"token": changeToken(h, u), "password": testapp.Password})
			},
			opens: 204,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			ann, bob := testapp.User(t, h.TestApp, "ann", schema.RoleVisitor), testapp.User(t, h.TestApp, "bob", schema.RoleVisitor)
			guess := func(u *core.Record, n int) {
				t.Helper()
				for i := range n {
					if status, _, raw := door.wrong(h, u); status != 400 {
						t.Fatalf("failure %d: %d %s", i+1, status, raw)
					}
				}
			}
			// A success resets.
			guess(ann, failuresMost-1)
			if status, _, raw := door.right(h, ann); status != door.opens {
				t.Fatalf("after nine failures: %d %s", status, raw)
			}
			guess(ann, failuresMost)
			for what, try := range map[string]func(*house, *core.Record) (int, int, string){"wrong": door.wrong, "right": door.right} {
				if status, wait, raw := try(h, ann); status != 429 || wait < 14*60 || wait > 15*60 || !strings.Contains(raw, "too_many_tries") {
					t.Errorf("%s after ten failures: %d, wait %d s: %s", what, status, wait, raw)
				}
			}
			if status, _ := h.signIn(schema.Users, "ann", testapp.Password); status != 429 {
				t.Errorf("the sign-in after ten failures: %d", status)
			}
			if status, _, raw := door.right(h, bob); status != door.opens {
				t.Errorf("another account: %d %s", status, raw)
			}
			h.now.Add(15 * 60)
			if status, _, raw := door.right(h, ann); status != door.opens {
				t.Errorf("a quarter of an hour later: %d %s", status, raw)
			}
		})
	}
}

func changeToken(h *house, u *core.Record) string {
	h.t.Helper()
	fresh, err := h.FindRecordById(schema.Users, u.Id)
	if err != nil {
		h.t.Fatal(err)
	}
	token, err := fresh.NewEmailChangeToken(core.GenerateDefaultRandomId() + "@example.org")
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// What looks like a success without the password is none, and a batch is no way
// round.
func TestOldPasswordGuessedOn(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled, h.Settings().Batch.MaxRequests, h.Settings().Batch.Timeout = true, 10, 3
	ann := testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	path := collectionPath + "records/" + ann.Id
	wrong := map[string]any{"oldPassword": "wrong", "password": "another-one-1", "passwordConfirm": "another-one-1"}
	for range failuresMost {
		status, _, raw := h.send("POST", "/api/batch", ann, map[string]any{"requests": []any{map[string]any{"method": "PATCH", "url": path, "body": wrong}}})
		if status != 400 || !strings.Contains(raw, "validation_invalid_old_password") {
			t.Fatalf("%d %s", status, raw)
		}
		for _, body := range []map[string]any{{"name": "Ann", "oldPassword": ""}, {"name": "Ann"}} {
			if status, _, raw := h.send("PATCH", path, ann, body); status == 500 {
				t.Fatalf("%d %s", status, raw)
			}
		}
	}
	if status, wait, raw := h.send("PATCH", path, ann, wrong); status != 429 || wait == 0 {
		t.Errorf("after ten: %d %s", status, raw)
	}
	status, _, raw := h.send("POST", "/api/batch", ann, map[string]any{"requests": []any{map[string]any{"method": "PATCH", "url": path, "body": wrong}}})
	if status == 200 || !strings.Contains(raw, "too_many_tries") && !strings.Contains(raw, "429") {
		t.Errorf("after ten, by batch: %d %s", status, raw)
	}
	if status, _, raw := h.send("PATCH", path, ann, map[string]any{"name": "Ann again"}); status != 200 {
		t.Errorf("the profile is held as well: %d %s", status, raw)
	}
}

func TestOldPasswordsAtOnce(t *testing.T) {
	h := open(t)
	ann := testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	var tried atomic.Int32
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			status, _, raw := h.send("PATCH", collectionPath+"records/"+ann.Id, ann, map[string]any{
				"oldPassword": fmt.Sprint("wrong", i), "password": "another-one-1", "passwordConfirm": "another-one-1",
			})
			switch status {
			case 400:
				tried.Add(1)
			case 429:
			default:
				t.Errorf("%d %s", status, raw)
			}
		})
	}
	all.Wait()
	if tried.Load() != failuresMost {
		t.Errorf("%d of 30 guesses were looked at", tried.Load())
	}
}

func TestOneTimePasswords(t *testing.T) {
	h := open(t)
	h.Settings().TrustedProxy.Headers = []string{"X-Forwarded-For"} // else PocketBase's own limit of an address comes first
	c, err := h.FindCollectionByNameOrId(schema.Users)
	if err != nil {
		t.Fatal(err)
	}
	c.OTP.Enabled = true
	if err := h.Save(c); err != nil {
		t.Fatal(err)
	}
	ann := testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	n := 0
	try := func(password string) (int, int, string) {
		n++
		otp := core.NewOTP(h.TestApp)
		otp.SetCollectionRef(c.Id)
		otp.SetRecordRef(ann.Id)
		otp.SetPassword("12345678")
		if err := h.Save(otp); err != nil {
			t.Fatal(err)
		}
		return h.send("POST", collectionPath+"auth-with-otp", nil, map[string]string{"otpId": otp.Id, "password": password}, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", n))
	}
	guess := func(times int) {
		t.Helper()
		for i := range times {
			if status, _, raw := try("00000000"); status != 400 {
				t.Fatalf("failure %d: %d %s", i+1, status, raw)
			}
		}
	}
	guess(failuresMost - 1)
	if status, _, raw := try("12345678"); status != 200 {
		t.Fatalf("after nine failures: %d %s", status, raw)
	}
	guess(failuresMost)
	for range 2 {
		// The other factor buys no tries of this one, nor is it held with it.
		if status, _ := h.signIn(schema.Users, "ann", testapp.Password); status != 200 {
			t.Errorf("the password after ten failures: %d", status)
		}
		if status, wait, raw := try("12345678"); status != 429 || wait < 14*60 {
			t.Errorf("after ten failures: %d, wait %d s: %s", status, wait, raw)
		}
	}
	// An id that is made up belongs to nobody, who is not held for it.
	for range failuresMost + 1 {
		if status, _, raw := h.send("POST", collectionPath+"auth-with-otp", nil, `{"otpId":"aaaaaaaaaaaaaaa","password":"1"}`); status != 400 {
			t.Fatalf("%d %s", status, raw)
		}
	}
	h.now.Add(15 * 60)
	if status, _, raw := try("12345678"); status != 200 {
		t.Errorf("a quarter of an hour later: %d %s", status, raw)
	}
}

// Tokens that are forged open nothing, and shut nobody out.
func TestForgedTokens(t *testing.T) {
	h := open(t)
	ann := testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	token, err := ann.NewPasswordResetToken()
	if err != nil {
		t.Fatal(err)
	}
	head, sign := token[:strings.LastIndex(token, ".")+1], token[strings.LastIndex(token, ".")+1:]
	for i := range failuresMost + 5 {
		forged := head + strings.Repeat(string(rune('A'+i)), len(sign))
		for _, path := range []string{"confirm-password-reset", "confirm-verification", "confirm-email-change"} {
			status, _, raw := h.send("POST", collectionPath+path, nil, map[string]string{"token": forged, "password": "another-one-1", "passwordConfirm": "another-one-1"})
			if status != 400 {
				t.Fatalf("%s: %d %s", path, status, raw)
			}
		}
	}
	if status, _ := h.signIn(schema.Users, "ann", testapp.Password); status != 200 {
		t.Errorf("sign-in: %d", status)
	}
	status, _, raw := h.send("POST", collectionPath+"confirm-password-reset", nil, map[string]string{"token": token, "password": "another-one-1", "passwordConfirm": "another-one-1"})
	if status != 204 {
		t.Errorf("the true token: %d %s", status, raw)
	}
}

// Letters are bounded by address, and the bound does not tell whether it has an
// account.
func TestLetters(t *testing.T) {
	for _, path := range []string{"request-password-reset", "request-verification", "request-otp", "request-email-change"} {
		t.Run(path, func(t *testing.T) {
			h := open(t)
			c, err := h.FindCollectionByNameOrId(schema.Users)
			if err != nil {
				t.Fatal(err)
			}
			c.OTP.Enabled = true
			if err := h.Save(c); err != nil {
				t.Fatal(err)
			}
			ann, bob := testapp.User(t, h.TestApp, "ann", schema.RoleVisitor), testapp.User(t, h.TestApp, "bob", schema.RoleVisitor)
			ask := func(who string, n int) (int, int, string) {
				if path == "request-email-change" {
					as := map[string]*core.Record{"ann": ann, "nobody": bob}[who]
					if as == nil {
						return h.send("POST", collectionPath+path, nil, "{}")
					}
					// No other field moves the bound.
					return h.send("POST", collectionPath+path, as, map[string]string{"newEmail": fmt.Sprintf("n%d@example.org", n), "email": fmt.Sprint(n)})
				}
				address := []string{who + "@example.org", strings.ToUpper(who) + "@Example.org"}[n%2]
				return h.send("POST", collectionPath+path, nil, map[string]string{"email": address})
			}
			for _, who := range []string{"ann", "nobody"} {
				for n := range lettersMost {
					if status, _, raw := ask(who, n); status >= 300 {
						t.Fatalf("%s, %d: %d %s", who, n, status, raw)
					}
				}
				if status, wait, raw := ask(who, 0); status != 429 || wait < 14*60 || !strings.Contains(raw, "too_many_tries") {
					t.Errorf("%s after ten: %d, wait %d s: %s", who, status, wait, raw)
				}
			}
			if status, _, raw := ask("carol", 0); status >= 300 && status != 401 {
				t.Errorf("another address: %d %s", status, raw)
			}
			if status, _ := h.signIn(schema.Users, "ann", testapp.Password); status != 200 {
				t.Errorf("the sign-in is held with it: %d", status)
			}
			// A body in two parts is not read in two ways.
			for _, body := range []string{`{"email":1}{"email":"ann@example.org"}`, `{"email":["x"]} {"email":"ann@example.org","newEmail":"x@example.org"}`} {
				if status, _, raw := h.send("POST", collectionPath+path, ann, body); status < 400 {
					t.Errorf("%s: %d %s", body, status, raw)
				}
			}
			h.now.Add(15 * 60)
			if status, _, raw := ask("ann", 0); status >= 300 {
				t.Errorf("a quarter of an hour later: %d %s", status, raw)
			}
		})
	}
}
