package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"onlibrary/internal/jobs"
	"onlibrary/internal/logs"
	"onlibrary/internal/testapp"
)

const token = "a-token-for-the-metrics"

// house is a served library with this room and a queue.
type house struct {
	*testapp.Server
	app   *tests.TestApp
	queue *jobs.Queue
	meter *Meter
	room  *room
	log   *lines
}

func serve(t *testing.T, before ...func(app core.App)) *house {
	t.Helper()
	h := &house{app: testapp.New(t), log: &lines{}}
	h.queue = jobs.New(h.app)
	h.queue.Register("mail", 1, jobs.Policy{}, worker{})
	h.queue.Register("preview", 1, jobs.Policy{}, worker{})
	h.room = bind(h.app, Deps{
		Log: logs.New(h.log, logs.Options{JSON: true, Level: slog.LevelInfo}), Version: "1.2.3", Token: token,
		Trusts: netip.Addr.IsLoopback, Queue: h.queue, Outbox: []string{"mail", "push"},
		Certificates: func() map[string]time.Time {
			return map[string]time.Time{"books.example.org": time.Unix(2_000_000_000, 0)}
		},
		Now: time.Now,
	})
	h.meter = h.room.meter
	h.room.health.every = 0
	for _, f := range before {
		f(h.app)
	}
	h.Server = testapp.Serve(t, h.app)
	if err := h.queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.queue.Stop)
	return h
}

// worker does jobs whose payload is true, and fails at others for good.
type worker struct{}

func (worker) Do(_ context.Context, j *jobs.Job) error {
	if string(j.Payload) != "true" {
		return errors.New("no")
	}
	return nil
}

func (worker) GiveUp(context.Context, *jobs.Job, error) error { return nil }

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// all returns the records of that message.
func (l *lines) all(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if record["msg"] == message {
			found = append(found, record)
		}
	}
	return found
}

// await waits for the record of a request to a path, which may be written after
// its answer has arrived.
func (l *lines) await(t *testing.T, path string) map[string]any {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, r := range l.all(t, "request") {
			if r["path"] == path {
				return r
			}
		}
	}
	t.Fatalf("no line of %s: %v", path, l.all(t, "request"))
	return nil
}

// scrape reads the metrics, by name.
func (h *house) scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	a := h.Do(t, nil, "GET", "/metrics", nil)
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(a.Raw))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value is that of the metric with those labels, names and values by turns; -1 if
// there is none.
func value(families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	for _, m := range families[name].GetMetric() {
		have := map[string]string{}
		for _, l := range m.GetLabel() {
			have[l.GetName()] = l.GetValue()
		}
		fits := true
		for i := 0; i+1 < len(labels); i += 2 {
			fits = fits && have[labels[i]] == labels[i+1]
		}
		if fits {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

// awaitValue waits until a metric has that value.
func (h *house) awaitValue(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	var got float64
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = value(h.scrape(t), name, labels...); got == want {
			return
		}
	}
	t.Errorf("%s %v: %v, want %v", name, labels, got, want)
}
