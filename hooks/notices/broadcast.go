package notices

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/fault"
	"onlibrary/internal/schema"
)

const (
	topicPrefix   = "library/"
	messageMost   = 64 << 10 // bytes of JSON
	listenersMost = 1000     // users that one broadcast names
	// handPatience is how long a broadcast waits for clients to take it; handsMost
	// is how many messages wait for one that takes none.
	handPatience = time.Second
	handsMost    = 32
	// handsKey is where a realtime client keeps the count of those.
	handsKey = "onlibrary.notices.hands"
)

// broadcastForm is the body of POST broadcast.
type broadcastForm struct {
	Topic   string          `json:"topic"`
	Users   []string        `json:"users"`
	All     bool            `json:"all"`
	Message json.RawMessage `json:"message"`
}

// leaveOutTopics keeps all but active patrons from the topics that are
// broadcast to. Like a record that may not be heard, a topic is not refused: the
// rest of what a client asks for stands.
func leaveOutTopics(e *core.RealtimeSubscribeRequestEvent) error {
	if e.Auth != nil && e.Auth.Collection().Name == schema.Users && e.Auth.GetString("state") == schema.StateActive {
		if e.Client.Get(handsKey) == nil { // to subscribe anew does not empty what waits
			e.Client.Set(handsKey, new(atomic.Int32))
		}
		return e.Next()
	}
	e.Subscriptions = slices.DeleteFunc(e.Subscriptions, func(s string) bool {
		path, _, _ := strings.Cut(s, "?")
		topic, ours := strings.CutPrefix(path, topicPrefix)
		return ours && topic != "*" && topic != schema.LibraryID // those are the library's own record
	})
	return e.Next()
}

// broadcastNow answers POST broadcast: it hands a message to the realtime clients
// of the addressees that subscribe to the topic, and tells how many took it.
func (r *room) broadcastNow(e *core.RequestEvent) error {
	if err := checkSender(e); err != nil {
		return err
	}
	var f broadcastForm
	if err := e.BindBody(&f); err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	if err := f.check(); err != nil {
		return refuse(e, err)
	}
	data, err := json.Marshal(map[string]json.RawMessage{"message": f.Message})
	if err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	listening, err := r.Listening(e.App)
	if err != nil {
		return err
	}
	to := map[string]bool{}
	for _, user := range f.Users {
		to[user] = true
	}
	handed, started := make(chan bool), 0
	for user, clients := range listening {
		if !f.All && !to[user] {
			continue
		}
		for _, client := range clients {
			if hand(client, f.Topic, data, handed) {
				started++
			}
		}
	}
	return e.JSON(http.StatusOK, map[string]int{"delivered": count(handed, started)})
}

func (f *broadcastForm) check() error {
	topic := regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)
	switch {
	case !topic.MatchString(f.Topic) || f.Topic == schema.LibraryID:
		return fault.Field("topic", "topic_invalid", nil)
	case f.All == (len(f.Users) > 0):
		return fault.Field("users", "listeners_missing", nil)
	case len(f.Users) > listenersMost:
		return fault.Field("users", "targets_too_many", map[string]any{"most": listenersMost})
	case len(f.Message) == 0:
		return validation.Errors{"message": validation.ErrRequired}
	case len(f.Message) > messageMost:
		return &fault.Error{Kind: fault.TooLarge, Field: "message", Code: "message_too_large", Params: map[string]any{"kilobytes": messageMost >> 10}}
	}
	return nil
}

// hand sends data to a client's subscriptions of a topic beside the request, for
// Send waits until the client takes it, or goes: PocketBase then closes the channel
// amidst the send, which Go ends by a panic and Send by its recover. It tells
// whether there is anything to wait for.
func hand(client subscriptions.Client, topic string, data []byte, handed chan<- bool) bool {
	subs := client.Subscriptions(topicPrefix + topic + "?")
	waiting, ok := client.Get(handsKey).(*atomic.Int32)
	if len(subs) == 0 || !ok || waiting.Load() >= handsMost {
		return false
	}
	waiting.Add(1)
	routine.FireAndForget(func() {
		defer waiting.Add(-1)
		for name := range subs { // a client listens by the name that it gave
			client.Send(subscriptions.Message{Name: name, Data: data})
		}
		select {
		case handed <- !client.IsDiscarded():
		case <-time.After(2 * handPatience): // nobody counts any more
		}
	})
	return true
}

// count waits until as many as were started have been handed over, but not long,
// and tells how many were taken.
func count(handed <-chan bool, started int) (taken int) {
	late := time.After(handPatience)
	for range started {
		select {
		case took := <-handed:
			if took {
				taken++
			}
		case <-late:
			return taken
		}
	}
	return taken
}
