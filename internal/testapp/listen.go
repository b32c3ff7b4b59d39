package testapp

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// Listener is a realtime client.
type Listener struct {
	mu     sync.Mutex
	events []Event
	closed bool
}

// Event is a realtime message: its topic and its data.
type Event struct {
	Topic string
	Data  map[string]any
}

// Listen connects the user, nil for a guest, and subscribes to the topics. It
// ends with the test.
func (s *Server) Listen(t testing.TB, user *core.Record, topics ...string) *Listener {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := new(http.Client).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	l := &Listener{}
	connected := make(chan string, 1)
	go func() {
		defer response.Body.Close()
		topic := ""
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event:"); ok {
				topic = name
			}
			raw, ok := strings.CutPrefix(lines.Text(), "data:")
			data := map[string]any{}
			if !ok || json.Unmarshal([]byte(raw), &data) != nil {
				continue
			}
			if topic == "PB_CONNECT" {
				id, _ := data["clientId"].(string)
				connected <- id
				continue
			}
			l.mu.Lock()
			l.events = append(l.events, Event{topic, data})
			l.mu.Unlock()
		}
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
	}()
	var client string
	select {
	case client = <-connected:
	case <-time.After(10 * time.Second):
		t.Fatal("no realtime connection")
	}
	a := s.Do(t, user, http.MethodPost, "/api/realtime", map[string]any{"clientId": client, "subscriptions": topics})
	if a.Status != http.StatusNoContent {
		t.Fatalf("subscribing to %v: %d %s", topics, a.Status, a.Raw)
	}
	return l
}

// Heard returns what has been heard so far.
func (l *Listener) Heard() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Event(nil), l.events...)
}

// Closed tells whether the server has ended the connection.
func (l *Listener) Closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Await waits until an event of which want is true has been heard.
func (l *Listener) Await(t testing.TB, want func(Event) bool) Event {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, e := range l.Heard() {
			if want(e) {
				return e
			}
		}
	}
	t.Fatalf("not heard; only %v", l.Heard())
	return Event{}
}
