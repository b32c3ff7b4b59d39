package server

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

const redacted = "redacted"

// secret tells whether a value of that name opens something.
func secret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "password") || strings.Contains(name, "secret")
}

// secretParameter tells so of an address, in which OAuth2 providers send theirs
// back, too (RFC 6749, 4.1.2).
func secretParameter(name string) bool {
	return secret(name) || slices.Contains([]string{"code", "state", "code_verifier", "mfaid"}, strings.ToLower(name))
}

// redact takes secrets out of the address and the referrer once the request is
// answered, before they are logged.
func redact(e *core.RequestEvent) error {
	err := e.Next()
	e.Request.URL.RawQuery = redactQuery(e.Request.URL.RawQuery)
	if referer, parseErr := url.Parse(e.Request.Referer()); parseErr != nil {
		e.Request.Header.Del("Referer")
	} else if referer.RawQuery != "" || referer.User != nil {
		referer.User, referer.RawQuery = nil, redactQuery(referer.RawQuery)
		e.Request.Header.Set("Referer", referer.String())
	}
	return err
}

// redactQuery keeps all but the values of secrets; a part that cannot be read goes whole.
func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err != nil {
			parts[i] = redacted
		} else if secretParameter(plain) {
			parts[i] = name + "=" + redacted
		}
	}
	return strings.Join(parts, "&")
}

// signed is a token of ours wherever it stands: a JWT (RFC 7519), signed.
var signed = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

// scrub keeps out of the log every token, whichever message or error has one in
// it, and what stands under the name of a secret.
func scrub(e *core.ModelEvent) error {
	entry, ok := e.Model.(*core.Log)
	if !ok {
		return e.Next()
	}
	entry.Message = signed.ReplaceAllString(entry.Message, redacted)
	text, err := json.Marshal(entry.Data)
	if err != nil {
		return err
	}
	data := types.JSONMap[any]{}
	if err := json.Unmarshal(signed.ReplaceAll(text, []byte(redacted)), &data); err != nil {
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
			if v != "" && secret(name) {
				data[name] = redacted
			}
		case map[string]any:
			hide(v)
		}
	}
}
