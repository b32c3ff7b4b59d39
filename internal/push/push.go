// Package push sends messages to phones and browsers through Firebase Cloud
// Messaging, one device at a time, and tells what became of each.
package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"firebase.google.com/go/v4/messaging"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"
)

const (
	sdkVersion = "4.19.0" // which FCM is told; as in go.mod

	scope = "https://www.googleapis.com/auth/firebase.messaging"
	// patience is how long one message may take, the first one's sign-in included.
	patience = 10 * time.Second
)

// Message is what one device is told. Data reaches the app beside the two texts.
// A message with the same ID as one that is still shown takes its place, so that
// nobody sees what was sent twice; without an ID each is shown.
type Message struct {
	ID, Token   string
	Title, Body string
	Data        map[string]string
}

// Sender sends messages as one Firebase project. It is safe for concurrent use.
type Sender struct {
	client *messaging.Client
}

// Open returns the Sender of the service account whose JSON key lies at path.
// An endpoint stands in for Google's, without the version: http://127.0.0.1:9. It
// speaks to nobody yet.
func Open(path, endpoint string) (*Sender, error) {
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var account struct {
		ProjectID string `json:"project_id"`
	}
	if err := json.Unmarshal(key, &account); err != nil {
		return nil, fmt.Errorf("%s: no JSON: %w", path, err)
	}
	if account.ProjectID == "" {
		return nil, fmt.Errorf("%s: no project_id", path)
	}
	signIn, err := google.JWTConfigFromJSON(key, scope)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConnsPerHost = 32 // where there is no HTTP/2
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: wire, Timeout: patience})
	client := signIn.Client(ctx)
	client.Transport = once{client.Transport}
	options := []option.ClientOption{option.WithHTTPClient(client)}
	if endpoint != "" {
		options = append(options, option.WithEndpoint(endpoint))
	}
	config := configOf(messaging.NewClient)
	config.ProjectID, config.Opts, config.Version = account.ProjectID, options, sdkVersion
	messages, err := messaging.NewClient(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Sender{messages}, nil
}

// configOf makes what NewClient takes, whose type only the SDK can name. The
// SDK's own way to a client leads over its package firebase, which brings
// Firestore, Cloud Storage and gRPC's xDS along: a third of the program's size.
func configOf[C any](func(context.Context, *C) (*messaging.Client, error)) *C { return new(C) }

// Send sends one message, once, within ten seconds. Its error is an *Error.
func (s *Sender) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := &try{cancel: cancel}
	message := &messaging.Message{
		Token: m.Token, Notification: &messaging.Notification{Title: m.Title, Body: m.Body}, Data: m.Data,
	}
	if m.ID != "" {
		message.Android = &messaging.AndroidConfig{Notification: &messaging.AndroidNotification{Tag: m.ID}}
		message.APNS = &messaging.APNSConfig{Headers: map[string]string{"apns-collapse-id": m.ID}}
		message.Webpush = &messaging.WebpushConfig{Notification: &messaging.WebpushNotification{Tag: m.ID}}
	}
	_, err := s.client.Send(context.WithValue(ctx, tryKey{}, t), message)
	if err == nil {
		return nil
	}
	if t.cause != nil { // the SDK only knows that it was stopped
		return &Error{Code: Unavailable, Err: t.cause}
	}
	return judge(err)
}

// once keeps the SDK from sending again by itself: a message whose answer was
// lost may have arrived, and the queue that holds it knows when to try again.
type once struct{ next http.RoundTripper }

type (
	tryKey struct{}
	try    struct {
		cancel context.CancelFunc
		cause  error
	}
)

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(r)
	t, ok := r.Context().Value(tryKey{}).(*try)
	switch {
	case !ok:
	case err != nil:
		t.cause = err
		t.cancel()
	case response.StatusCode == http.StatusServiceUnavailable:
		t.cause = errors.New(response.Status)
		t.cancel()
	}
	return response, err
}
