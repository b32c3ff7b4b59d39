package push_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onlibrary/internal/push"
	"onlibrary/internal/testapp"
)

func open(t *testing.T, fcm *testapp.FCM) *push.Sender {
	t.Helper()
	sender, err := push.Open(fcm.Credentials, fcm.URL)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestMessageArrives(t *testing.T) {
	fcm := testapp.StartFCM(t)
	err := open(t, fcm).Send(t.Context(), push.Message{ID: "n1", Token: "phone", Title: "Olá", Body: "Um livro", Data: map[string]string{"kind": "share"}})
	if err != nil {
		t.Fatal(err)
	}
	got := fcm.Await(t, 1)[0]
	if got.Token != "phone" || got.Notification.Title != "Olá" || got.Notification.Body != "Um livro" || got.Data["kind"] != "share" {
		t.Errorf("arrived as %+v", got)
	}
	if got.Android.Notification.Tag != "n1" {
		t.Error("sent twice it would be shown twice")
	}
}

func TestEachRefusalHasItsCodeAndIsSentOnce(t *testing.T) {
	fcm := testapp.StartFCM(t)
	sender := open(t, fcm)
	tries := 0
	for token, want := range map[string]struct {
		code        string
		dead, later bool
	}{
		"dead-1":     {push.Unregistered, true, false},
		"mismatch-1": {push.Mismatch, true, false},
		"bad-1":      {push.Invalid, true, false},
		"message-1":  {push.Refused, false, false},
		"quota-1":    {push.Quota, false, true},
		"down-1":     {push.Unavailable, false, true},
		"internal-1": {push.Unavailable, false, true},
		"denied-1":   {push.Denied, false, true},
	} {
		err := sender.Send(t.Context(), push.Message{Token: token, Title: "T"})
		var refusal *push.Error
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v", token, err)
			continue
		}
		if refusal.Code != want.code || refusal.Dead() != want.dead || refusal.Later() != want.later {
			t.Errorf("%s: %v, dead %v, later %v", token, refusal, refusal.Dead(), refusal.Later())
		}
		if tries++; fcm.Tries() != tries {
			t.Errorf("%s was sent %d times", token, fcm.Tries()-tries+1)
			tries = fcm.Tries()
		}
	}
}

func TestNobodyThereIsUnavailable(t *testing.T) {
	fcm := testapp.StartFCM(t)
	sender, err := push.Open(fcm.Credentials, "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	var refusal *push.Error
	if err := sender.Send(t.Context(), push.Message{Token: "phone", Title: "T"}); !errors.As(err, &refusal) || refusal.Code != push.Unavailable {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, fcm).Send(ctx, push.Message{Token: "phone", Title: "T"}); !errors.As(err, &refusal) || refusal.Code != push.Unavailable {
		t.Errorf("stopped: %v", err)
	}
}

func TestBadCredentialsAreRefusedInOneLine(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"none.json": "", "broken.json": "{", "other.json": `{"project_id": "x", "type": "authorized_user"}`,
		"nameless.json": `{"type": "service_account"}`, "missing.json": "-",
	} {
		path := filepath.Join(dir, name)
		if content != "-" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := push.Open(path, ""); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
