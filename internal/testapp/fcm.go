package testapp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// FCM stands in for Firebase Cloud Messaging, whose HTTP v1 API it speaks. What
// it answers goes by the token's beginning: see fcmRefusals.
type FCM struct {
	URL         string
	Credentials string // path of a service account's key

	mu     sync.Mutex
	away   bool
	pushes []Push
	tries  int
}

// Push is a message as it arrived.
type Push struct {
	Token        string
	Notification struct{ Title, Body string }
	Data         map[string]string
	Android      struct{ Notification struct{ Tag string } }
}

type fcmRefusal struct {
	status        int
	code, message string
}

// fcmRefusals are FCM's answers to a token that begins so.
func fcmRefusals() map[string]fcmRefusal {
	return map[string]fcmRefusal{
		"dead":     {404, "UNREGISTERED", "Requested entity was not found."},
		"mismatch": {403, "SENDER_ID_MISMATCH", "SenderId mismatch"},
		"bad":      {400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"},
		"message":  {400, "INVALID_ARGUMENT", "Invalid JSON payload received."},
		"quota":    {429, "QUOTA_EXCEEDED", "Quota exceeded."},
		"down":     {503, "UNAVAILABLE", "The service is currently unavailable."},
		"internal": {500, "INTERNAL", "Internal error encountered."},
		"denied":   {401, "", "Request had invalid authentication credentials."},
	}
}

// StartFCM starts one. It ends with the test.
func StartFCM(t testing.TB) *FCM {
	t.Helper()
	f := &FCM{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token": "ticket", "token_type": "Bearer", "expires_in": 3600}`))
	})
	mux.HandleFunc("POST /projects/a-library/messages:send", f.send)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f.URL = server.URL
	f.Credentials = serviceAccount(t, server.URL+"/token")
	return f
}

// serviceAccount writes a key whose sign-in goes to the address.
func serviceAccount(t testing.TB, tokenURI string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "a-library", "private_key_id": "1", "token_uri": tokenURI,
		"client_email": "library@a-library.iam.gserviceaccount.com",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "firebase.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (f *FCM) send(w http.ResponseWriter, r *http.Request) {
	var body struct{ Message Push }
	if r.Header.Get("Authorization") != "Bearer ticket" || json.NewDecoder(r.Body).Decode(&body) != nil {
		http.Error(w, "not for here", http.StatusUnauthorized)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	kind, _, _ := strings.Cut(body.Message.Token, "-")
	refusal, refused := fcmRefusals()[kind]
	if f.away {
		refusal, refused = fcmRefusals()["down"], true
	}
	w.Header().Set("Content-Type", "application/json")
	if !refused {
		f.pushes = append(f.pushes, body.Message)
		_, _ = w.Write([]byte(`{"name": "projects/a-library/messages/1"}`))
		return
	}
	w.WriteHeader(refusal.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": refusal.status, "message": refusal.message, "status": refusal.code,
		"details": []any{map[string]string{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": refusal.code}},
	}})
}

// Away has it answer that it is unavailable, or no more.
func (f *FCM) Away(is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = is
}

// Pushes returns what has arrived and was taken.
func (f *FCM) Pushes() []Push {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Push(nil), f.pushes...)
}

// Tries is how many messages were sent, taken or not.
func (f *FCM) Tries() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tries
}

// Await waits until so many have been taken and returns them.
func (f *FCM) Await(t testing.TB, count int) []Push {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if pushes := f.Pushes(); len(pushes) >= count {
			return pushes
		}
		if time.Now().After(end) {
			t.Fatalf("%d pushes have arrived, want %d", len(f.Pushes()), count)
		}
	}
}
