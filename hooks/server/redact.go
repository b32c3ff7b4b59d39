package server

import (
	"encoding/json"
	"net/url"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/logs"
)

// redact takes secrets out of the address and the referrer once the request is
// answered, before they are logged.
func redact(e *core.RequestEvent) error {
	err := e.Next()
	e.Request.URL.RawQuery = logs.Query(e.Request.URL.RawQuery)
	if referer, parseErr := url.Parse(e.Request.Referer()); parseErr != nil {
		e.Request.Header.Del("Referer")
	} else if referer.RawQuery != "" || referer.User != nil {
		referer.User, referer.RawQuery = nil, logs.Query(referer.RawQuery)
		e.Request.Header.Set("Referer", referer.String())
	}
	return err
}

// scrub keeps out of the log every token, whichever message or error has one in
// it, and what stands under the name of a secret.
func scrub(e *core.ModelEvent) error {
	entry, ok := e.Model.(*core.Log)
	if !ok {
		return e.Next()
	}
	entry.Message = logs.Scrub(entry.Message)
	text, err := json.Marshal(entry.Data)
	if err != nil {
		return err
	}
	data := types.JSONMap[any]{}
	if err := json.Unmarshal([]byte(logs.Scrub(string(text))), &data); err != nil {
		return err
	}
	hide(data)
	entry.Data = data
	return e.Next()
}

func hide(data map[string]any) {
	for name, value := range data {
		switch v := value.(type) {
		case string:
			if v != "" && logs.Secret(name) {
				data[name] = logs.Redacted
			}
		case map[string]any:
			hide(v)
		}
	}
}
