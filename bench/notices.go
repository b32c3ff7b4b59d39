package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	noticed   = 200 // patrons with a device and a mailbox
	listeners = 500 // patrons with an open client, those among them
	rootMail  = "root@example.org"
	create    = "/api/collections/notifications/records"
)

// notices has patrons told of something by push and mail, and measures how soon
// an open client hears of a notification and what that costs its writer.
func notices(b *bench) (figures []figure, err error) {
	box, err := openMailbox()
	if err != nil || box == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, box.close()) }()
	var pushed atomic.Int32
	fcm := receiver(&pushed)
	defer fcm.Close()
	key, err := serviceAccount(b.dir, fcm.URL)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "notices")
	env := []string{
		"ONLIBRARY_FCM_CREDENTIALS=" + key, "ONLIBRARY_FCM_ENDPOINT=" + fcm.URL,
		"ONLIBRARY_SUPERUSER_EMAIL=" + rootMail, "ONLIBRARY_SUPERUSER_PASSWORD=" + password,
	}
	s, err := serve(b.program, dir, "--data-dir", env)
	if err != nil {
		return nil, err
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	if err := inDatabase(dir, func(tx *sql.Tx) error { return fillNoticed(tx, box.smtp) }); err != nil {
		return nil, err
	}
	if s, err = serve(b.program, dir, "--data-dir", env); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	root, err := s.post("", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": rootMail, "password": password})
	if err != nil {
		return nil, err
	}
	token := fmt.Sprint(root["token"])

	began := time.Now()
	errs := make([]error, noticed)
	var all sync.WaitGroup
	for lane := range 8 {
		all.Go(func() {
			for i := lane; i < noticed; i += 8 {
				_, errs[i] = s.post(token, create, map[string]any{"user": userID(i), "title": fmt.Sprint("notice ", i)})
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for mails := 0; mails < noticed || pushed.Load() < noticed; time.Sleep(5 * time.Millisecond) {
		if mails, err = box.count(); err != nil {
			return nil, err
		}
		if time.Since(began) > time.Minute {
			return nil, fmt.Errorf("%d mails and %d pushes have arrived", mails, pushed.Load())
		}
	}
	figures = append(figures, shown(figure{
		What: "notices written, pushed and mailed", Data: "200 pushes and 200 mails", Unit: "s", Ours: time.Since(began).Seconds(), Most: 5,
	}))
	heard, err := hearing(s, token)
	return append(figures, heard...), err
}

// hearing measures the way from a notification's writer to its reader.
func hearing(s *server, root string) ([]figure, error) {
	alone, _, err := writeMany(s, root, nil)
	if err != nil {
		return nil, err
	}
	arrivals := make(chan arrival, 1000)
	for i := range listeners {
		if err := listen(s, root, userID(i), arrivals); err != nil {
			return nil, err
		}
	}
	written, heard, err := writeMany(s, root, arrivals)
	if err != nil {
		return nil, err
	}
	slices.Sort(heard)
	return []figure{
		shown(figure{
			What: "notification written and heard: p99", Data: fmt.Sprintf("%d, %d clients, median %.1f ms", len(heard), listeners, median(heard)),
			Unit: "ms", Ours: heard[len(heard)*99/100], Most: 100,
		}),
		shown(figure{
			What: "notification written: median", Data: fmt.Sprintf("%d clients", listeners), Unit: "ms",
			Ours: median(written), Rival: "no client", Theirs: median(alone),
		}),
	}, nil
}

type arrival struct {
	title string
	at    time.Time
}

// writeMany writes notifications to one patron after the other and returns how
// many milliseconds each took to write, and to arrive where arrivals is not nil.
func writeMany(s *server, root string, arrivals <-chan arrival) (written, heard []float64, err error) {
	for i := range listeners - noticed { // who have neither
		title := fmt.Sprintf("heard %d %v", i, arrivals != nil)
		began := time.Now()
		if _, err := s.post(root, create, map[string]any{"user": userID(noticed + i), "title": title}); err != nil {
			return nil, nil, err
		}
		written = append(written, time.Since(began).Seconds()*1000)
		if arrivals == nil {
			continue
		}
		select {
		case a := <-arrivals:
			if a.title != title {
				return nil, nil, fmt.Errorf("%q was heard instead of %q", a.title, title)
			}
			heard = append(heard, a.at.Sub(began).Seconds()*1000)
		case <-time.After(10 * time.Second):
			return nil, nil, fmt.Errorf("%q is not heard", title)
		}
	}
	return written, heard, nil
}

// listen opens a realtime client of a patron, for as long as the server runs.
func listen(s *server, root, user string, arrivals chan<- arrival) error {
	signedIn, err := s.post(root, "/api/collections/users/impersonate/"+user, nil)
	if err != nil {
		return err
	}
	stream, err := http.Get(s.base + "/api/realtime")
	if err != nil {
		return err
	}
	lines := bufio.NewReader(stream.Body)
	client := make(chan string, 1)
	go func() {
		defer stream.Body.Close()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			at := time.Now()
			var data struct {
				ClientID string `json:"clientId"`
				Record   struct{ Title string }
			}
			raw, ok := strings.CutPrefix(line, "data:")
			if !ok || json.Unmarshal([]byte(raw), &data) != nil {
				continue
			}
			if data.ClientID != "" {
				client <- data.ClientID
			} else {
				arrivals <- arrival{data.Record.Title, at}
			}
		}
	}()
	_, err = s.post(fmt.Sprint(signedIn["token"]), "/api/realtime", map[string]any{"clientId": <-client, "subscriptions": []string{"notifications/*"}})
	return err
}

// post sends JSON and returns the answer's, which may be none.
func (s *server) post(token, path string, body any) (map[string]any, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, s.base+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", token)
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("POST %s: %s: %v", path, response.Status, answer)
	}
	return answer, nil
}

// fillNoticed gives the first patrons a device and every channel; the others
// only listen.
func fillNoticed(tx *sql.Tx, smtp int) error {
	if err := fillMailed(tx, smtp); err != nil {
		return err
	}
	for i := range noticed {
		if _, err := tx.Exec(`UPDATE users SET channels = '["push","mail"]' WHERE id = ?`, userID(i)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO devices (id, user, token, platform, lastSeen, created, updated) VALUES (?, ?, ?, 'android', ?, ?, ?)`,
			userID(i), userID(i), fmt.Sprint("phone", i), instant(i), instant(i), instant(i))
		if err != nil {
			return err
		}
	}
	return nil
}

// receiver stands in for Firebase Cloud Messaging.
func receiver(pushed *atomic.Int32) *httptest.Server {
	answer := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"access_token": "ticket", "token_type": "Bearer", "expires_in": 3600}`)
	})
	mux.HandleFunc("POST /projects/a-library/messages:send", func(w http.ResponseWriter, _ *http.Request) {
		pushed.Add(1)
		answer(w, `{"name": "projects/a-library/messages/1"}`)
	})
	return httptest.NewServer(mux)
}

// serviceAccount writes the key with which the library signs in at a receiver.
func serviceAccount(dir, url string) (path string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "a-library", "token_uri": url + "/token", "client_email": "library@a-library.example",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "firebase.json")
	return path, os.WriteFile(path, raw, 0o600)
}
