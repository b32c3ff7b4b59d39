package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// running is the program, which this test's binary is too (see TestMain).
type running struct {
	cmd   *exec.Cmd
	base  string
	token string // a superuser's
}

const rootEmail, rootPassword = "root@example.org", "reading-room-1"

// launch starts the program on a data folder and signs its superuser in.
func launch(t *testing.T, dir string, settings ...string) *running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{cmd: exec.Command(program, serveArg, "--data-dir", dir, "--http", address), base: "http://" + address}
	r.cmd.Env = append(append(os.Environ(), "ONLIBRARY_SUPERUSER_EMAIL="+rootEmail, "ONLIBRARY_SUPERUSER_PASSWORD="+rootPassword), settings...)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(r.base + "/api/health")
		if err == nil {
			response.Body.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the program does not answer: %v", err)
		}
	}
	signedIn := r.call(t, "POST", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": rootEmail, "password": rootPassword})
	r.token = fmt.Sprint(signedIn["token"])
	return r
}

func (r *running) kill() {
	_ = r.cmd.Process.Kill() // -9; it may be gone already
	_ = r.cmd.Wait()
}

// call has to succeed.
func (r *running) call(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
		return nil
	}
	request, err := http.NewRequest(method, r.base+path, bytes.NewReader(raw))
	if err != nil {
		t.Error(err)
		return nil
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", r.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	var found map[string]any
	if err != nil || response.StatusCode != http.StatusOK || json.Unmarshal(answer, &found) != nil {
		t.Errorf("%s %s: %d %s (%v)", method, path, response.StatusCode, answer, err)
	}
	return found
}

// A thousand notices are written while neither the mail server nor FCM answers;
// when both are back the program is killed amidst sending, once.
func TestNoNoticeIsLostOverAnOutageAndAKill(t *testing.T) {
	const notices = 1000
	fcm, box, dir := testapp.StartFCM(t), testapp.NewMailpit(t), t.TempDir()
	fcm.Away(true)
	settings := []string{"ONLIBRARY_FCM_CREDENTIALS=" + fcm.Credentials, "ONLIBRARY_FCM_ENDPOINT=" + fcm.URL}
	r := launch(t, dir, settings...)
	r.call(t, "PATCH", "/api/settings", map[string]any{"smtp": map[string]any{"enabled": true, "host": "127.0.0.1", "port": box.Port}})
	patron := r.call(t, "POST", "/api/collections/users/records", map[string]any{
		"username": "ann", "email": "ann@example.org", "password": rootPassword, "passwordConfirm": rootPassword, "role": schema.RoleVisitor,
	})
	r.call(t, "POST", "/api/collections/devices/records", map[string]any{"user": patron["id"], "token": "phone", "platform": "android"})
	var all sync.WaitGroup
	for lane := range 4 {
		all.Go(func() {
			for i := lane; i < notices; i += 4 {
				r.call(t, "POST", "/api/collections/notifications/records", map[string]any{"user": patron["id"], "title": fmt.Sprint("notice ", i)})
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	box.Start(t)
	fcm.Away(false)
	for end := time.Now().Add(time.Minute); len(fcm.Pushes()) < 100 && box.Count(t) < 100; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d pushes and %d mails after the outage", len(fcm.Pushes()), box.Count(t))
		}
	}
	r.kill()
	if pushed, mailed := len(fcm.Pushes()), box.Count(t); pushed >= notices && mailed >= notices {
		t.Fatalf("all was sent before the kill: %d and %d", pushed, mailed)
	}
	r = launch(t, dir, settings...)
	open := func() any {
		return r.call(t, "GET", "/api/collections/jobs/records?perPage=1&filter="+`(kind='push'||kind='mail')%26%26state!='done'`, nil)["totalItems"]
	}
	for end := time.Now().Add(3 * time.Minute); open() != 0.0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v jobs are still open", open())
		}
	}
	pushed, mailed := map[string]int{}, map[string]int{}
	for _, p := range fcm.Pushes() {
		pushed[p.Notification.Title]++
	}
	for _, title := range box.Subjects(t) {
		if strings.HasPrefix(title, "notice ") {
			mailed[title]++
		}
	}
	for name, arrived := range map[string]map[string]int{"pushes": pushed, "mails": mailed} {
		twice := 0
		for title, n := range arrived {
			if n > 1 {
				twice += n - 1
				t.Logf("%s: %q arrived %d times", name, title, n)
			}
		}
		if len(arrived) != notices || twice > 1 {
			t.Errorf("%d of %d %s arrived, %d more than once", len(arrived), notices, name, twice)
		}
	}
}
