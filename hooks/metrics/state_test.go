package metrics

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/push"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

type fakePusher struct{ err error }

func (p fakePusher) Send(context.Context, push.Message) error { return p.err }

type fakePreviewer struct {
	preview media.Preview
	err     error
}

func (p fakePreviewer) Preview(context.Context, string, media.Type) (media.Preview, error) {
	return p.preview, p.err
}

// busy has something happen of everything that is measured.
func busy(t *testing.T) *house {
	t.Helper()
	h := serve(t)
	ann := testapp.User(t, h.app, "ann", schema.RoleCustomer)
	h.Do(t, nil, "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": "ann", "password": testapp.Password})
	testapp.Document(t, h.app, ann, schema.VisibilityPublic, func(r *core.Record) { r.Set("kind", "book"); r.Set("fileSize", 1000) })
	testapp.Document(t, h.app, ann, schema.VisibilityPublic, func(r *core.Record) { r.Set("kind", "book"); r.Set("fileSize", 234) })
	for _, j := range []struct {
		kind, key string
		payload   any
		at        time.Time
	}{
		{"mail", "a", true, time.Time{}}, {"mail", "b", false, time.Time{}}, {"preview", "c", true, time.Time{}},
		{"push", "d", true, time.Time{}}, {"push", "e", true, time.Now().Add(time.Hour)},
	} {
		if err := jobs.EnqueueAt(h.app, j.kind, j.key, j.payload, j.at); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{nil, nil, errors.New("no")} {
		_ = h.meter.Pusher(fakePusher{err}).Send(t.Context(), push.Message{})
		_, _ = h.meter.Previewer(fakePreviewer{media.Preview{}, err}).Preview(t.Context(), "", media.Type{Kind: "book"})
	}
	_, _ = h.meter.Previewer(fakePreviewer{preview: media.Preview{Failed: true}}).Preview(t.Context(), "", media.Type{Kind: "video"})
	if err := h.app.OnMailerSend().Trigger(&core.MailerEvent{App: h.app}, func(*core.MailerEvent) error { return errors.New("no") }); err == nil {
		t.Error("the mail's error is gone")
	}
	if err := h.app.CreateBackup(t.Context(), "one.zip"); err != nil {
		t.Fatal(err)
	}
	h.room.state.refresh()
	h.awaitValue(t, 1, "onlibrary_job_runs_total", "kind", "mail", "result", "done")
	h.awaitValue(t, 1, "onlibrary_job_runs_total", "kind", "mail", "result", "failed")
	return h
}

func TestStateIsMeasured(t *testing.T) {
	h := busy(t)
	h.Listen(t, nil, "documents/*")
	families := h.scrape(t)
	lint(t, families)
	for _, tc := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{1, "onlibrary_build_info", []string{"version", "1.2.3"}},
		{1, "onlibrary_sign_ins_total", []string{"collection", "users", "result", "ok"}},
		{1, "onlibrary_realtime_clients", nil},
		{1, "onlibrary_jobs", []string{"kind", "mail", "state", "failed"}},
		{0, "onlibrary_jobs", []string{"kind", "preview", "state", "queued"}},
		{2, "onlibrary_jobs", []string{"kind", "push", "state", "queued"}},
		{0, "onlibrary_jobs_oldest_due_seconds", []string{"kind", "mail"}},
		{2, "onlibrary_outbox_waiting", []string{"channel", "push"}},
		{1, "onlibrary_outbox_dead", []string{"channel", "mail"}},
		{2, "onlibrary_job_duration_seconds", []string{"kind", "mail"}},
		{2, "onlibrary_pushes_total", []string{"result", "ok"}},
		{1, "onlibrary_pushes_total", []string{"result", "failed"}},
		{1, "onlibrary_mails_total", []string{"result", "failed"}},
		{2, "onlibrary_previews_total", []string{"kind", "book", "result", "ok"}},
		{1, "onlibrary_previews_total", []string{"kind", "book", "result", "error"}},
		{1, "onlibrary_previews_total", []string{"kind", "video", "result", "failed"}},
		{3, "onlibrary_preview_duration_seconds", []string{"kind", "book"}},
		{2, "onlibrary_documents", []string{"kind", "book"}},
		{1234, "onlibrary_document_files_bytes", []string{"kind", "book"}},
		{1, "onlibrary_backups", nil},
		{2e9, "onlibrary_certificate_not_after_timestamp_seconds", []string{"domain", "books.example.org"}},
		{0, "onlibrary_scrape_errors_total", []string{"part", "jobs"}},
		{1, "onlibrary_ready", nil},
	} {
		if got := value(families, tc.name, tc.labels...); got != tc.want {
			t.Errorf("%s %v: %v, want %v", tc.name, tc.labels, got, tc.want)
		}
	}
	if late := value(families, "onlibrary_jobs_oldest_due_seconds", "kind", "push"); late <= 0 || late > 60 {
		t.Errorf("the push message has been due for %v s", late)
	}
	if age := time.Since(time.Unix(int64(value(families, "onlibrary_backup_newest_timestamp_seconds")), 0)); age < -time.Minute || age > time.Minute {
		t.Errorf("the backup is %v old", age)
	}
	for _, name := range []string{"onlibrary_backups_bytes", "onlibrary_database_bytes", "onlibrary_disk_free_bytes", "onlibrary_disk_size_bytes", "process_resident_memory_bytes", "go_goroutines"} {
		if value(families, name) <= 0 {
			t.Errorf("%s: %v", name, value(families, name))
		}
	}
}

// lint looks whether the names, units and helps are as Prometheus wants them.
func lint(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	var own []*dto.MetricFamily
	for name, f := range families {
		if strings.HasPrefix(name, namespace) {
			own = append(own, f)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(own).Lint()
	if err != nil || len(own) < 25 || len(problems) > 0 {
		t.Errorf("%d metrics: %v %v", len(own), err, problems)
	}
}

// No scrape reads a whole table.
func TestScrapeReadsIndexes(t *testing.T) {
	app := testapp.New(t)
	for _, query := range []string{
		"SELECT state, kind, COUNT(*) AS count, MIN(runAt) AS due FROM jobs WHERE state IN ('queued', 'running', 'failed') GROUP BY state, kind",
		"SELECT kind, COUNT(*) AS count, COALESCE(SUM(fileSize), 0) AS bytes FROM documents GROUP BY kind",
	} {
		var plan []struct {
			Detail string `db:"detail"`
		}
		if err := app.DB().NewQuery("EXPLAIN QUERY PLAN " + query).All(&plan); err != nil {
			t.Fatal(err)
		}
		for _, step := range plan {
			if !strings.Contains(step.Detail, "COVERING INDEX") {
				t.Errorf("%s: %s", query, step.Detail)
			}
		}
	}
}

// What cannot be read is left out and counted; all else is told.
func TestPartOfAScrapeFails(t *testing.T) {
	h := busy(t)
	if _, err := h.app.DB().NewQuery("ALTER TABLE jobs RENAME TO jobs_away").Execute(); err != nil {
		t.Fatal(err)
	}
	h.scrape(t)
	families := h.scrape(t)
	if value(families, "onlibrary_jobs") != -1 || value(families, "onlibrary_documents") != 2 || value(families, "onlibrary_scrape_errors_total", "part", "jobs") < 1 {
		t.Errorf("%v", families)
	}
}
