package locale

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/civil"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

const (
	zoneParam  = "timezone"
	zoneHeader = "X-Timezone"
)

// checkZone refuses a request under /api/ that names an unknown time zone.
func (r *room) checkZone(e *core.RequestEvent) error {
	if strings.HasPrefix(e.Request.URL.Path, "/api/") {
		if err := r.refuseUnknownZone(eventGivenZone(e)); err != nil {
			return err
		}
	}
	return e.Next()
}

// checkBatch does it for the requests inside a batch, which pass no middleware,
// and hands the batch's own parameter on to those that have none.
func (r *room) checkBatch(e *core.BatchRequestEvent) error {
	own := e.Request.URL.Query().Get(zoneParam)
	for _, request := range e.Batch {
		_, query, asks := strings.Cut(request.URL, "?")
		values, _ := url.ParseQuery(query) // what is malformed in it is passed over, as in a request's own
		zone := values.Get(zoneParam)
		for name, value := range request.Headers {
			if zone == "" && strings.EqualFold(name, zoneHeader) {
				zone = value
			}
		}
		if err := r.refuseUnknownZone(zone); err != nil {
			return err
		}
		if zone == "" && own != "" {
			mark := "?"
			if asks {
				mark = "&"
			}
			request.URL += mark + zoneParam + "=" + url.QueryEscape(own)
		}
	}
	return e.Next()
}

// checkSubscriptions does it for the options of realtime subscriptions, and
// notes the zone that the request itself names.
func (r *room) checkSubscriptions(e *core.RealtimeSubscribeRequestEvent) error {
	// PocketBase's own client reads the options, so that it reads them alike.
	reader := subscriptions.NewDefaultClient()
	reader.Subscribe(e.Subscriptions...)
	for _, options := range reader.Subscriptions() {
		if err := r.refuseUnknownZone(givenZone(&core.RequestInfo{Query: options.Query, Headers: options.Headers})); err != nil {
			return err
		}
	}
	e.Client.Set(zoneKey, eventGivenZone(e.RequestEvent))
	return e.Next()
}

// givenZone is the zone that a request names itself, "" if none.
func givenZone(info *core.RequestInfo) string {
	if name := info.Query[zoneParam]; name != "" {
		return name
	}
	return info.Headers["x_timezone"]
}

func eventGivenZone(e *core.RequestEvent) string {
	if e.Request.URL.RawQuery != "" {
		if name := e.Request.URL.Query().Get(zoneParam); name != "" {
			return name
		}
	}
	return e.Request.Header.Get(zoneHeader)
}

func (r *room) refuseUnknownZone(name string) error {
	if name == "" {
		return nil
	}
	if _, ok := r.loadZone(name); ok {
		return nil
	}
	return reply.Error(unknownZone(zoneParam, name))
}

// unknownZone is the refusal of a field that names no time zone.
func unknownZone(field, name string) *fault.Error {
	return fault.Field(field, "timezone_unknown", map[string]any{"Zone": cut(name, civil.MaxZone)})
}

// cut shortens a value for its mention in a message to max bytes of whole runes.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max] + "…"
}
