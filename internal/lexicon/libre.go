package lexicon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Libre is a server that speaks LibreTranslate's API: POST /translate.
type Libre struct {
	URL string // base, such as http://127.0.0.1:5000
	Key string // api_key, where the server wants one
	As  string // how the server calls the language; the tag's first part if empty
}

// Translate asks the server for all the texts in one request, within two minutes.
func (l Libre) Translate(ctx context.Context, tag string, texts []string) ([]string, error) {
	target := l.As
	if target == "" {
		target, _, _ = strings.Cut(tag, "-")
	}
	ask, err := json.Marshal(map[string]any{"q": texts, "source": "en", "target": target, "format": "text", "api_key": l.Key})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(l.URL, "/")+"/translate", bytes.NewReader(ask))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return nil, err
	}
	var answer struct {
		TranslatedText []string
		Error          string
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the server answered %s, and no translation", response.Status)
	}
	if answer.Error != "" {
		return nil, errors.New("the server says: " + answer.Error)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return answer.TranslatedText, nil
}
