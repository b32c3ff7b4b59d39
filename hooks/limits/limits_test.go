package limits

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

type house struct {
	*tests.TestApp
	t   testing.TB
	url string
	now atomic.Int64 // seconds that the clock is ahead
}

func open(t testing.TB) *house {
	t.Helper()
	h := &house{TestApp: testapp.New(t), t: t}
	start := time.Now()
	Bind(h.TestApp, Deps{Now: func() time.Time { return start.Add(time.Duration(h.now.Load()) * time.Second) }})
	router, err := apis.NewRouter(h.TestApp)
	if err != nil {
		t.Fatal(err)
	}
	err = h.OnServe().Trigger(&core.ServeEvent{App: h.TestApp, Router: router}, func(e *core.ServeEvent) error {
		mux, err := e.Router.BuildMux()
		if err != nil {
			return err
		}
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		h.url = server.URL
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// signIn returns the status of a try and how many seconds it is told to wait.
func (h *house) signIn(collection, identity, password string, headers ...string) (status, wait int) {
	h.t.Helper()
	body, err := json.Marshal(map[string]string{"identity": identity, "password": password})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.post("/api/collections/"+collection+"/auth-with-password", string(body), headers...)
}

func (h *house) post(path, body string, headers ...string) (status, wait int) {
	h.t.Helper()
	req, err := http.NewRequest("POST", h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	told := res.Header.Get("Retry-After")
	if res.StatusCode == http.StatusTooManyRequests && told == "" {
		h.t.Errorf("a 429 without Retry-After: %s", raw)
	}
	wait, _ = strconv.Atoi(told) // none on other answers
	return res.StatusCode, wait
}

func TestFailuresByAccount(t *testing.T) {
	h := open(t)
	testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	testapp.User(t, h.TestApp, "bob", schema.RoleVisitor)
	testapp.Superuser(t, h.TestApp)
	for _, test := range []struct{ collection, right, other string }{
		{schema.Users, "ann", "Ann@Example.org"},
		{schema.Users, "nobody", "ＮＯＢＯＤＹ"},
		{core.CollectionNameSuperusers, "root@example.org", "root@example.org"},
	} {
		for i := range failuresMost {
			// No header makes another caller of one.
			identity, ip := []string{test.right, test.other}[i%2], fmt.Sprintf("203.0.113.%d", i)
			status, _ := h.signIn(test.collection, identity, "wrong", "X-Forwarded-For", ip, "X-Real-IP", ip, "Forwarded", "for="+ip, "CF-Connecting-IP", ip)
			if status != 400 {
				t.Fatalf("%s: failure %d answered %d", test.right, i+1, status)
			}
			if i == 0 {
				h.now.Add(60)
			}
		}
		for _, password := range []string{"wrong", testapp.Password} {
			status, wait := h.signIn(test.collection, test.right, password)
			if status != 429 || wait != 14*60 {
				t.Errorf("%s after ten failures: %d, wait %d s", test.right, status, wait)
			}
		}
	}
	if status, _ := h.signIn(schema.Users, "bob", testapp.Password); status != 200 {
		t.Errorf("another account: %d", status)
	}
	h.now.Add(14 * 60)
	if status, _ := h.signIn(schema.Users, "ann", testapp.Password); status != 200 {
		t.Errorf("a quarter of an hour later: %d", status)
	}
	for range failuresMost - 1 {
		h.signIn(schema.Users, "bob", "wrong")
	}
	if status, _ := h.signIn(schema.Users, "bob", testapp.Password); status != 200 {
		t.Errorf("after nine failures: %d", status)
	}
	for range failuresMost - 1 {
		h.signIn(schema.Users, "bob", "wrong")
	}
	if status, _ := h.signIn(schema.Users, "bob", testapp.Password); status != 200 {
		t.Errorf("a success does not reset: %d", status)
	}
}

// Guesses that all begin before the first has failed count all the same.
func TestGuessesAtOnce(t *testing.T) {
	h := open(t)
	testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	var tried, refused atomic.Int32
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			switch status, _ := h.signIn(schema.Users, "ann", "wrong"); status {
			case 400:
				tried.Add(1)
			case 429:
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if tried.Load() != failuresMost || refused.Load() != 30 {
		t.Errorf("%d of 40 guesses were looked at, %d refused", tried.Load(), refused.Load())
	}
}

// One account on many devices at once, and a class behind one address.
func TestManyAtOnce(t *testing.T) {
	h := open(t)
	h.Settings().RateLimits.Enabled = true
	for i := range 40 {
		testapp.User(t, h.TestApp, fmt.Sprintf("pupil%d", i), schema.RoleVisitor)
	}
	var failed atomic.Int32
	var all sync.WaitGroup
	start := time.Now()
	for i := range 60 {
		all.Go(func() {
			if status, _ := h.signIn(schema.Users, fmt.Sprintf("pupil%d", i%40), testapp.Password); status != 200 {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	if failed.Load() != 0 {
		t.Errorf("%d of 60 right sign-ins were refused", failed.Load())
	}
	t.Logf("60 sign-ins of 40 at once took %s", time.Since(start).Round(time.Millisecond))
}

func TestRetryAfter(t *testing.T) {
	h := open(t)
	h.Settings().RateLimits.Enabled = true
	h.Settings().RateLimits.Rules = []core.RateLimitRule{
		{Label: "*:auth", MaxRequests: 2, Duration: 47},
		{Label: "*:create", MaxRequests: 2, Duration: 48},
		{Label: "/api/", MaxRequests: 3, Duration: 9},
	}
	last := func(f func() (int, int)) (status, wait int) {
		for range 4 {
			status, wait = f()
		}
		return status, wait
	}
	for name, test := range map[string]struct {
		do   func() (int, int)
		wait int
	}{
		"sign-in": {func() (int, int) { return h.signIn(schema.Users, "ann", "wrong") }, 47},
		"create":  {func() (int, int) { return h.post("/api/collections/users/records", "{}") }, 48},
		"other":   {func() (int, int) { return h.post("/api/nothing", "") }, 9},
	} {
		if status, wait := last(test.do); status != 429 || wait != test.wait {
			t.Errorf("%s: %d, wait %d s, want %d", name, status, wait, test.wait)
		}
	}
}

func TestTurnsAreForgotten(t *testing.T) {
	var turns turns
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			leave, err := turns.enter(t.Context(), strconv.Itoa(i%3))
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			if now := inside.Add(1); now > most.Load() {
				most.Store(now)
			}
			inside.Add(-1)
		})
	}
	all.Wait()
	if most.Load() > 3 || len(turns.waiting) != 0 {
		t.Errorf("%d inside at once for 3 keys, %d keys kept", most.Load(), len(turns.waiting))
	}
}
