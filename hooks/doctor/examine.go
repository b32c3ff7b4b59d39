package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
)

// lookWithin is how long a check may take that asks others.
const lookWithin = 20 * time.Second

// check is one thing to look at.
type check struct {
	name string
	look func(ctx context.Context, app core.App) Finding
	// deep ones need an open database; long ones may take as long as they do.
	deep, long bool
}

func (r *room) checks() []check {
	return []check{
		{name: "database", look: r.database, long: true}, // first: it opens the app
		{name: "folder", look: r.folder, long: true},
		{name: "disk", look: r.disk},
		{name: "files", look: r.files, deep: true, long: true},
		{name: "jobs", look: r.jobs, deep: true},
		{name: "backups", look: r.backups, deep: true},
		{name: "ports", look: r.ports},
		{name: "dns", look: r.dns},
		{name: "certificate", look: r.certificate},
		{name: "clock", look: r.clock},
		{name: "mail", look: r.mail, deep: true},
		{name: "s3", look: r.s3, deep: true},
		{name: "push", look: r.push},
		{name: "ffmpeg", look: r.ffmpeg},
		{name: "previewer", look: r.previewer},
	}
}

// examine looks at the database, which it opens if that can be, and then at all
// else at once.
func (r *room) examine(ctx context.Context, app core.App) *Report {
	all := r.checks()
	report := &Report{At: r.Now().UTC().Truncate(time.Second), Version: r.Version, Checks: make([]Finding, len(all))}
	look := func(i int) {
		f := Finding{State: Skipped, Detail: "the database is not open"}
		if !all[i].deep || app.IsBootstrapped() {
			f = one(ctx, app, all[i])
		}
		f.Name, f.Detail = all[i].name, line(f.Detail)
		report.Checks[i] = f
	}
	look(0)
	var work sync.WaitGroup
	for i := range all[1:] {
		work.Go(func() { look(i + 1) })
	}
	work.Wait()
	report.OK = report.failed() == 0
	return report
}

// one looks at one thing, no longer than that may take.
func one(ctx context.Context, app core.App, c check) Finding {
	if !c.long {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lookWithin)
		defer cancel()
	}
	found := make(chan Finding, 1)
	routine.FireAndForget(func() {
		var f Finding
		if err := routine.SafeWrap(func() error { f = c.look(ctx, app); return nil })(); err != nil {
			f = fail("tell those who make OnLibrary", "the check broke: %v", err)
		}
		found <- f
	})
	select {
	case f := <-found:
		return f
	case <-ctx.Done():
		return fail("look whether what it needs answers at all", "no answer within %v", lookWithin)
	}
}

// line is the text on one line, of a length that can be read.
func line(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 400 {
		return string(r[:400]) + "…"
	}
	return text
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	default:
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
}
