package metrics

import (
	"context"
	"runtime"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/push"
)

// namespace begins the name of every metric of ours.
const namespace = "onlibrary"

// Results of what is tried.
const (
	ok     = "ok"
	failed = "failed"
)

// Meter counts what happens. Its labels take few values, whatever clients send.
type Meter struct {
	registry      *prometheus.Registry
	requests      *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	bytes         prometheus.Counter
	inFlight      prometheus.Gauge
	signIns       *prometheus.CounterVec
	runs          *prometheus.CounterVec
	runSeconds    *prometheus.HistogramVec
	mails, pushes *prometheus.CounterVec
	previews      *prometheus.CounterVec
	previewTimes  *prometheus.HistogramVec
	errors        *prometheus.CounterVec
}

func newMeter(version string) *Meter {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	}
	long := []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
	m := &Meter{
		registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "Requests answered, by the route's pattern and the class of the status.", "route", "method", "code"),
		seconds: histogram("http_request_duration_seconds", "Time from a request's head to the end of its answer, realtime connections left out.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60}, "route", "method"),
		bytes:        prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "http_response_bytes_total", Help: "Bytes of the bodies of answers."}),
		inFlight:     prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "http_requests_in_flight", Help: "Requests being answered, realtime connections left out."}),
		signIns:      counter("sign_ins_total", "Tries to sign in: ok, factor (the first of two was right), failed, limited (too many tries) or error.", "collection", "result"),
		runs:         counter("job_runs_total", "Runs of jobs: done, retried (put off), failed (dead) or interrupted by a stop.", "kind", "result"),
		runSeconds:   histogram("job_duration_seconds", "Time that a run of a job took.", long, "kind"),
		mails:        counter("mails_total", "Mails that the mail server took (ok) or did not (failed), each try counted.", "result"),
		pushes:       counter("pushes_total", "Push messages that Firebase took (ok) or did not (failed), each try counted.", "result"),
		previews:     counter("previews_total", "Previews of uploaded files: ok, failed (the file broke the previewer) or error (it is tried again).", "kind", "result"),
		previewTimes: histogram("preview_duration_seconds", "Time that a preview took.", long, "kind"),
		errors:       counter("scrape_errors_total", "Parts of a scrape that could not be read, and are missing from it.", "part"),
	}
	// So that they are 0, and not absent, until something happens.
	for _, v := range []*prometheus.CounterVec{m.mails, m.pushes} {
		v.WithLabelValues(ok)
		v.WithLabelValues(failed)
	}
	for _, part := range []string{"jobs", "database", "disk", "documents", "backups"} {
		m.errors.WithLabelValues(part)
	}
	m.registry.MustRegister(m.requests, m.seconds, m.bytes, m.inFlight, m.signIns, m.runs, m.runSeconds, m.mails, m.pushes,
		m.previews, m.previewTimes, m.errors, build(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// build is a gauge that is always 1 and says by its labels what runs.
func build(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	}, func() float64 { return 1 })
}

func (m *Meter) ran(kind string, end jobs.End, took time.Duration) {
	m.runs.WithLabelValues(kind, string(end)).Inc()
	m.runSeconds.WithLabelValues(kind).Observe(took.Seconds())
}

func (m *Meter) mail(e *core.MailerEvent) error {
	err := e.Next()
	m.mails.WithLabelValues(result(err)).Inc()
	return err
}

func result(err error) string {
	if err != nil {
		return failed
	}
	return ok
}

// Pusher sends push messages; see push.Sender.
type Pusher interface {
	Send(ctx context.Context, m push.Message) error
}

// Pusher returns next with what it sends counted; nil if next is nil.
func (m *Meter) Pusher(next Pusher) Pusher {
	if next == nil {
		return nil
	}
	return pusher{m, next}
}

type pusher struct {
	meter *Meter
	next  Pusher
}

func (p pusher) Send(ctx context.Context, m push.Message) error {
	err := p.next.Send(ctx, m)
	p.meter.pushes.WithLabelValues(result(err)).Inc()
	return err
}

// Previewer makes previews; see media.Previewer.
type Previewer interface {
	Preview(ctx context.Context, path string, t media.Type) (media.Preview, error)
}

// Previewer returns next with its previews counted and timed by the kind of the
// file.
func (m *Meter) Previewer(next Previewer) Previewer { return previewer{m, next} }

type previewer struct {
	meter *Meter
	next  Previewer
}

func (p previewer) Preview(ctx context.Context, path string, t media.Type) (media.Preview, error) {
	began := time.Now()
	preview, err := p.next.Preview(ctx, path, t)
	kind, end := t.Kind, ok
	switch {
	case err != nil:
		end = "error"
	case preview.Failed:
		end = failed
	}
	p.meter.previews.WithLabelValues(kind, end).Inc()
	p.meter.previewTimes.WithLabelValues(kind).Observe(time.Since(began).Seconds())
	return preview, err
}
