package metrics

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/prometheus/client_golang/prometheus"

	"onlibrary/internal/disk"
	"onlibrary/internal/schema"
)

const (
	readWithin   = 5 * time.Second
	refreshEvery = time.Minute // at most, of what takes longer to find out
)

// state reads, at each scrape, how things stand. What is in no index's reach or
// on another machine is read in the background.
type state struct {
	app  core.App
	room *room

	jobs, oldest, waiting, dead    *prometheus.Desc
	clients, ready                 *prometheus.Desc
	documents, files               *prometheus.Desc
	database, free                 *prometheus.Desc
	diskFree, diskSize             *prometheus.Desc
	backups, backupBytes, backedUp *prometheus.Desc
	certificate                    *prometheus.Desc

	mu     sync.Mutex
	at     time.Time // when refresh last began
	slowly slow
}

// slow is what refresh finds out.
type slow struct {
	kinds   []kind
	backups []backup // nil: they cannot be listed
	listed  bool
}

type kind struct {
	Name  string  `db:"kind"`
	Count float64 `db:"count"`
	Bytes float64 `db:"bytes"`
}

type backup struct {
	at    time.Time
	bytes float64
}

func newState(app core.App, r *room) *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
	}
	return &state{
		app: app, room: r,
		jobs:        desc("jobs", "Jobs that are queued, running or failed (dead).", "kind", "state"),
		oldest:      desc("jobs_oldest_due_seconds", "How long the job that has been due the longest has waited.", "kind"),
		waiting:     desc("outbox_waiting", "Messages that are to go out and have not yet.", "channel"),
		dead:        desc("outbox_dead", "Messages that were given up.", "channel"),
		clients:     desc("realtime_clients", "Connections that hear of changes."),
		ready:       desc("ready", "1 while /readyz says so, else 0."),
		documents:   desc("documents", "Documents.", "kind"),
		files:       desc("document_files_bytes", "Size of the documents' files.", "kind"),
		database:    desc("database_bytes", "Size of a database's files: the database itself (main) and its log (wal).", "database", "part"),
		free:        desc("database_free_bytes", "Size of the pages of a database that hold nothing.", "database"),
		diskFree:    desc("disk_free_bytes", "Room left on the disk of the data folder."),
		diskSize:    desc("disk_size_bytes", "Size of the disk of the data folder."),
		backups:     desc("backups", "Backups that are kept."),
		backupBytes: desc("backups_bytes", "Size of the backups that are kept."),
		backedUp:    desc("backup_newest_timestamp_seconds", "When the newest backup was made; absent without one."),
		certificate: desc("certificate_not_after_timestamp_seconds", "When the certificate of a domain ends.", "domain"),
	}
}

// Describe is prometheus.Collector's.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.jobs, s.oldest, s.waiting, s.dead, s.clients, s.ready, s.documents, s.files, s.database, s.free, s.diskFree, s.diskSize,
		s.backups, s.backupBytes, s.backedUp, s.certificate,
	} {
		ch <- d
	}
}

// Collect is prometheus.Collector's. A part that cannot be read is left out.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s.part("jobs", s.collectJobs(ctx, gauge))
	s.part("database", s.collectDatabases(ctx, gauge))
	space, err := disk.Of(s.app.DataDir())
	if s.part("disk", err) {
		gauge(s.diskFree, float64(space.Free))
		gauge(s.diskSize, float64(space.Size))
	}
	gauge(s.clients, float64(s.app.SubscriptionsBroker().TotalClients()))
	gauge(s.ready, truth(len(s.room.health.failing()) == 0))
	s.collectSlow(gauge)
	if s.room.Certificates != nil {
		for domain, end := range s.room.Certificates() {
			gauge(s.certificate, seconds(end), domain)
		}
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// part counts and logs what could not be read, and tells whether it could.
func (s *state) part(name string, err error) bool {
	if err != nil {
		s.room.meter.errors.WithLabelValues(name).Inc()
		s.app.Logger().Warn("a part of the metrics cannot be read", "part", name, "error", err)
	}
	return err == nil
}

type gauges func(d *prometheus.Desc, value float64, labels ...string)

// collectJobs counts the jobs that are not done, in the index that the queue
// looks for the next one in.
func (s *state) collectJobs(ctx context.Context, gauge gauges) error {
	var rows []struct {
		Kind  string         `db:"kind"`
		State string         `db:"state"`
		Count float64        `db:"count"`
		Due   types.DateTime `db:"due"`
	}
	states := []string{schema.JobQueued, schema.JobRunning, schema.JobFailed}
	err := s.app.ConcurrentDB().Select("state", "kind", "COUNT(*) AS count", "MIN(runAt) AS due").From(schema.Jobs).
		Where(dbx.HashExp{"state": []any{states[0], states[1], states[2]}}).GroupBy("state", "kind").WithContext(ctx).All(&rows)
	if err != nil {
		return err
	}
	count, late := map[[2]string]float64{}, map[string]float64{}
	kinds := slices.Concat(s.room.Queue.Kinds(), s.room.Outbox)
	for _, row := range rows {
		kinds = append(kinds, row.Kind)
		count[[2]string{row.Kind, row.State}] = row.Count
		if row.State == schema.JobQueued {
			late[row.Kind] = max(s.room.Now().Sub(row.Due.Time()).Seconds(), 0)
		}
	}
	slices.Sort(kinds)
	for _, k := range slices.Compact(kinds) {
		for _, state := range states {
			gauge(s.jobs, count[[2]string{k, state}], k, state)
		}
		gauge(s.oldest, late[k], k)
		if slices.Contains(s.room.Outbox, k) {
			gauge(s.waiting, count[[2]string{k, schema.JobQueued}]+count[[2]string{k, schema.JobRunning}], k)
			gauge(s.dead, count[[2]string{k, schema.JobFailed}], k)
		}
	}
	return nil
}

func (s *state) collectDatabases(ctx context.Context, gauge gauges) error {
	for name, db := range map[string]dbx.Builder{"data": s.app.ConcurrentDB(), "auxiliary": s.app.AuxConcurrentDB()} {
		for part, suffix := range map[string]string{"main": "", "wal": "-wal"} {
			file, err := os.Stat(filepath.Join(s.app.DataDir(), name+".db"+suffix))
			switch {
			case err == nil:
				gauge(s.database, float64(file.Size()), name, part)
			case !errors.Is(err, fs.ErrNotExist):
				return err
			}
		}
		var pages, size float64
		if err := db.NewQuery("PRAGMA freelist_count").WithContext(ctx).Row(&pages); err != nil {
			return err
		}
		if err := db.NewQuery("PRAGMA page_size").WithContext(ctx).Row(&size); err != nil {
			return err
		}
		gauge(s.free, pages*size, name)
	}
	return nil
}

func (s *state) collectSlow(gauge gauges) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) > refreshEvery {
		s.at = time.Now()
		routine.FireAndForget(s.refresh)
	}
	for _, k := range s.slowly.kinds {
		gauge(s.documents, k.Count, k.Name)
		gauge(s.files, k.Bytes, k.Name)
	}
	if !s.slowly.listed {
		return
	}
	var bytes float64
	var newest time.Time
	for _, b := range s.slowly.backups {
		bytes += b.bytes
		if b.at.After(newest) {
			newest = b.at
		}
	}
	gauge(s.backups, float64(len(s.slowly.backups)))
	gauge(s.backupBytes, bytes)
	if !newest.IsZero() {
		gauge(s.backedUp, seconds(newest))
	}
}
