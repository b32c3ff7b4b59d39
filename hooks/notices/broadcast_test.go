package notices

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const broadcastPath = "/api/library/broadcast"

func (h *house) tell(t testing.TB, body m, delivered float64) {
	t.Helper()
	if a := h.Do(t, h.librarian, "POST", broadcastPath, body); a.Status != 200 || a.At("delivered") != delivered {
		t.Errorf("%v: %d %s, want %v", body, a.Status, a.Raw, delivered)
	}
}

func says(message any) func(testapp.Event) bool {
	return func(e testapp.Event) bool { return e.Data["message"] == message }
}

func TestBroadcastIsHeardByItsAddresseesOnly(t *testing.T) {
	h := open(t)
	ears := map[string]*testapp.Listener{}
	for _, who := range h.names() {
		ears[who] = h.Listen(t, h.people()[who], "library/news", `library/news?options={"query":{"x":"1"}}`, "library/closing.time")
	}
	h.tell(t, m{"topic": "news", "users": []string{h.patron.Id}, "message": "for the patron"}, 1)
	h.tell(t, m{"topic": "news", "all": true, "message": "for all"}, 3)
	h.tell(t, m{"topic": "other-topic", "all": true, "message": "for nobody"}, 0)
	h.tell(t, m{"topic": "closing.time", "all": true, "message": "the end"}, 3)
	for _, who := range h.names() {
		active := who == "patron" || who == "other" || who == "librarian"
		if active {
			e := ears[who].Await(t, says("the end"))
			if e.Topic != "library/closing.time" {
				t.Errorf("%s hears it on %s", who, e.Topic)
			}
			ears[who].Await(t, says("for all"))
		}
		if who == "patron" {
			ears[who].Await(t, says("for the patron"))
		}
		for _, e := range ears[who].Heard() {
			if !active || e.Data["message"] == "for the patron" && who != "patron" || e.Data["message"] == "for nobody" {
				t.Errorf("%s hears %v", who, e)
			}
		}
	}
}

func TestTopicsKeepTheLibrarysOwnRecordApart(t *testing.T) {
	h := open(t)
	guest := h.Listen(t, nil, "library/*", "library/"+schema.LibraryID, "library/news")
	library, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Fatal(err)
	}
	h.change(t, library, m{"name": "Renamed"})
	guest.Await(t, func(e testapp.Event) bool { return e.Topic == "library/*" && record(e)["name"] == "Renamed" })
	refusedBy(t, h.Do(t, h.librarian, "POST", broadcastPath, m{"topic": schema.LibraryID, "all": true, "message": 1}), "topic", "topic_invalid")
}

func TestBroadcastCarriesAnyJSON(t *testing.T) {
	h := open(t)
	ear := h.Listen(t, h.patron, "library/news")
	h.tell(t, m{"topic": "news", "all": true, "message": json.RawMessage(`{"a": [1, "two\nlines", null]}`)}, 1)
	e := ear.Await(t, func(e testapp.Event) bool { return e.Topic == "library/news" })
	if raw, err := json.Marshal(e.Data); err != nil || string(raw) != `{"message":{"a":[1,"two\nlines",null]}}` {
		t.Errorf("heard %s: %v", raw, err)
	}
}

func TestBroadcastRefusesWhatIsNone(t *testing.T) {
	h := open(t)
	for _, topic := range []string{"", "News", "a b", "a/b", "../x", "*", strings.Repeat("a", 65), "news?options={}"} {
		refusedBy(t, h.Do(t, h.librarian, "POST", broadcastPath, m{"topic": topic, "all": true, "message": 1}), "topic", "topic_invalid")
	}
	refusedBy(t, h.Do(t, h.librarian, "POST", broadcastPath, m{"topic": "news", "message": 1}), "users", "listeners_missing")
	refusedBy(t, h.Do(t, h.librarian, "POST", broadcastPath, m{"topic": "news", "all": true, "users": []string{"a"}, "message": 1}), "users", "listeners_missing")
	refusedBy(t, h.Do(t, h.librarian, "POST", broadcastPath, m{"topic": "news", "all": true}), "message", "validation_required")
	a := h.Do(t, h.librarian, "POST", broadcastPath, m{"topic": "news", "all": true, "message": strings.Repeat("x", messageMost)})
	if a.Status != http.StatusRequestEntityTooLarge || a.At("data", "message", "code") != "message_too_large" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

func TestBroadcastDoesNotWaitForSlowClients(t *testing.T) {
	h := open(t)
	slow := subscriptions.NewDefaultClient() // nobody takes what it is sent
	slow.Set("auth", h.other)
	slow.Set(handsKey, new(atomic.Int32))
	slow.Subscribe("library/news")
	h.SubscriptionsBroker().Register(slow)
	ear := h.Listen(t, h.patron, "library/news")
	h.tell(t, m{"topic": "news", "all": true, "message": "now"}, 1)
	ear.Await(t, says("now"))
	for range handsMost {
		hand(slow, "news", []byte("{}"), make(chan bool))
	}
	if hand(slow, "news", []byte("{}"), make(chan bool)) {
		t.Error("messages pile up for a client that takes none")
	}
	takeAll(slow)
	h.SubscriptionsBroker().Unregister(slow.Id())
	h.tell(t, m{"topic": "news", "all": true, "message": "after it has gone"}, 1)
}

// takeAll has a client take all that may wait for it.
func takeAll(client subscriptions.Client) {
	for range handsMost {
		<-client.Channel()
	}
}

// Go's race detector dislikes a channel that is closed amidst a send, which is
// how PocketBase lets a client go.
func TestClientThatGoesAmidASendEndsIt(t *testing.T) {
	h := open(t)
	client := subscriptions.NewDefaultClient()
	waiting := new(atomic.Int32)
	client.Set("auth", h.other)
	client.Set(handsKey, waiting)
	client.Subscribe("library/news")
	handed := make(chan bool, 3)
	for range cap(handed) {
		hand(client, "news", []byte("{}"), handed)
	}
	<-client.Channel() // so that it is known to be sent to
	client.Discard()
	for end := time.Now().Add(10 * time.Second); waiting.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d sends never end", waiting.Load())
		}
	}
	close(handed)
	taken := 0
	for took := range handed {
		if took {
			taken++
		}
	}
	if taken > 1 {
		t.Errorf("%d count as taken, of which one was", taken)
	}
}

// Who subscribes anew must not have more pile up.
func TestSubscribingAnewKeepsTheCountOfWhatWaits(t *testing.T) {
	h := open(t)
	client := subscriptions.NewDefaultClient()
	subscribe := func() {
		e := &core.RealtimeSubscribeRequestEvent{RequestEvent: &core.RequestEvent{App: h, Auth: h.patron}, Client: client, Subscriptions: []string{"library/news"}}
		if err := leaveOutTopics(e); err != nil {
			t.Fatal(err)
		}
	}
	subscribe()
	client.Subscribe("library/news")
	defer takeAll(client)
	for range handsMost {
		hand(client, "news", []byte("{}"), make(chan bool))
	}
	subscribe()
	if hand(client, "news", []byte("{}"), make(chan bool)) {
		t.Error("messages pile up for who subscribes anew")
	}
}

func TestClosedClientsAreNotCounted(t *testing.T) {
	h := open(t)
	client := subscriptions.NewDefaultClient()
	client.Set("auth", h.other)
	client.Set(handsKey, new(atomic.Int32))
	client.Subscribe("library/news")
	h.SubscriptionsBroker().Register(client)
	h.SubscriptionsBroker().Unregister(client.Id())
	h.tell(t, m{"topic": "news", "all": true, "message": 1}, 0)
}
