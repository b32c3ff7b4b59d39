package testapp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

// Server is an app that is served over HTTP, with the rooms bound to it.
type Server struct {
	URL string
	App core.App
}

// Serve serves app until the test ends. Bind the rooms first.
func Serve(t testing.TB, app core.App) *Server {
	t.Helper()
	router, err := apis.NewRouter(app)
	if err != nil {
		t.Fatal(err)
	}
	var mux http.Handler
	err = app.OnServe().Trigger(&core.ServeEvent{App: app, Router: router, Server: &http.Server{}}, func(e *core.ServeEvent) error {
		mux, err = e.Router.BuildMux()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &Server{URL: server.URL, App: app}
}

// Answer is an answer of the API.
type Answer struct {
	Status int
	Header http.Header
	Raw    []byte
}

// Body returns the answer's JSON object, nil if it is none.
func (a Answer) Body() map[string]any {
	var m map[string]any
	if json.Unmarshal(a.Raw, &m) != nil {
		return nil
	}
	return m
}

// At walks into the body, as in At("data", "file", "code") or At("items", 0, "id").
func (a Answer) At(path ...any) any {
	var v any = a.Body()
	for _, step := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[fmt.Sprint(step)]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// Do sends a request as the user, nil for a guest. The body is sent as JSON,
// unless it is a Form, an io.Reader or nil; headers are names and values by turns.
func (s *Server) Do(t testing.TB, user *core.Record, method, path string, body any, headers ...string) Answer {
	t.Helper()
	reader, contentType := Encode(t, body)
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if user != nil {
		request.Header.Set("Authorization", Token(t, user))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := new(http.Client).Do(request) // not the default one, whose deadlines may be under test
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{response.StatusCode, response.Header, raw}
}

// FileToken returns a token for the user's protected files.
func FileToken(t testing.TB, user *core.Record) string {
	t.Helper()
	token, err := user.NewFileToken()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Form is a multipart form: values that are a File are sent as one, a []string
// as a repeated key, all else as a text.
type Form map[string]any

// File is a file of a Form.
type File struct {
	Name    string
	Content []byte
}

// Encode returns the body that Do sends, and its type.
func Encode(t testing.TB, body any) (io.Reader, string) {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return nil, ""
	case io.Reader:
		return body, ""
	case string:
		return strings.NewReader(body), "application/json"
	case Form:
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for key, value := range body {
			if err := part(w, key, value); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &b, w.FormDataContentType()
	default:
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(b), "application/json"
	}
}

func part(w *multipart.Writer, key string, value any) error {
	switch value := value.(type) {
	case File:
		p, err := w.CreateFormFile(key, value.Name)
		if err != nil {
			return err
		}
		_, err = p.Write(value.Content)
		return err
	case []string:
		for _, v := range value {
			if err := w.WriteField(key, v); err != nil {
				return err
			}
		}
		return nil
	default:
		return w.WriteField(key, fmt.Sprint(value))
	}
}
