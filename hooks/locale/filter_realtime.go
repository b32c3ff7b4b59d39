package locale

import (
	"maps"
	"strings"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// zoneKey is where a realtime client keeps the zone that its latest request to
// subscribe named.
const zoneKey = "onlibrary.locale.zone"

// subscriber is a realtime client whose filters were put in UTC when it
// subscribed. Their topics stay as they were sent: they are the names by which
// the client knows its messages.
type subscriber struct {
	subscriptions.Client
	localised func(topic string, options subscriptions.SubscriptionOptions) map[string]string

	mu      sync.RWMutex
	queries map[string]map[string]string // by topic
}

// connectSubscriber has a new realtime connection served to a subscriber.
func (r *room) connectSubscriber(e *core.RealtimeConnectRequestEvent) error {
	s := &subscriber{Client: e.Client}
	s.localised = func(topic string, options subscriptions.SubscriptionOptions) map[string]string {
		return r.localiseTopic(e.App, s.Client, topic, options)
	}
	e.Client = s
	return e.Next()
}

// localiseTopic returns a topic's query with its filter in UTC and the zone of
// the request that subscribes, where the options name none.
func (r *room) localiseTopic(app core.App, client subscriptions.Client, topic string, options subscriptions.SubscriptionOptions) map[string]string {
	query := maps.Clone(options.Query)
	info := &core.RequestInfo{Query: query, Headers: options.Headers}
	info.Auth, _ = client.Get(apis.RealtimeClientAuthKey).(*core.Record)
	if zone, _ := client.Get(zoneKey).(string); zone != "" && givenZone(info) == "" {
		query[zoneParam] = zone
	}
	own := query[search.FilterQueryParam]
	if own == "" {
		return query
	}
	name, _, _ := strings.Cut(topic, "?")
	name, _, _ = strings.Cut(name, "/")
	if collection, err := app.FindCachedCollectionByNameOrId(name); err == nil {
		l := localiser{app: app, collection: collection, now: r.now().In(r.Zone(info)), frozen: true}
		query[search.FilterQueryParam] = l.localise(own)
	}
	return query
}

// Subscribe implements subscriptions.Client.
func (s *subscriber) Subscribe(topics ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Client.Subscribe(topics...)
	s.queries = map[string]map[string]string{}
	for topic, options := range s.Client.Subscriptions() {
		s.queries[topic] = s.localised(topic, options)
	}
}

// Subscriptions implements subscriptions.Client.
func (s *subscriber) Subscriptions(prefixes ...string) map[string]subscriptions.SubscriptionOptions {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.Client.Subscriptions(prefixes...)
	for topic, options := range found {
		if query, ok := s.queries[topic]; ok {
			options.Query = query
			found[topic] = options
		}
	}
	return found
}
