// Bench measures the library beside its rivals, interleaved in one run, and
// prints one table. A missed target is no error: the table says so. It wants the
// built program (make bench builds it) and Linux, whose /proc it reads, and names
// the rivals that are missing.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// A part measures one thing.
type part struct {
	name string
	run  func(*bench) ([]figure, error)
}

func parts() []part {
	return []part{
		{"start", starting},
		{"lists", lists},
		{"filters", filters},
		{"sign-in", signIn},
		{"audit", audited},
		{"previews", previews},
		{"uploads", uploads},
		{"mails", mails},
		{"answers", answers},
		{"notices", notices},
		{"watch", watched},
		{"https", overHTTPS},
		{"backup", backups},
	}
}

// bench is what the parts share.
type bench struct {
	program string // the built library
	samples string // folder of real files, which may be absent
	dir     string // of this run, removed at its end
	stock   string // stock PocketBase, once built
	rounds  int    // how often each list is asked for
	data    string // folder of the lists' data folders
}

func main() {
	program := flag.String("onlibrary", "onlibrary", "the built program")
	samples := flag.String("samples", filepath.Join("..", "shared", "samples"), "folder of real files; generated ones stand in where it is absent")
	keep := flag.String("keep", "", "folder in which the data of the lists stay for the next run")
	rounds := flag.Int("rounds", 200, "how often each list is asked for")
	only := flag.String("only", "", "measure only the parts that match this expression (start, lists, filters, sign-in, audit, previews, uploads, mails, answers, notices, https, backup, watch)")
	flag.Parse()
	log.SetFlags(log.Ltime)
	if err := run(*program, *samples, *keep, *only, *rounds); err != nil {
		log.Fatal("bench: ", err)
	}
}

func run(program, samples, keep, only string, rounds int) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	b := &bench{rounds: rounds}
	for _, p := range []struct {
		from string
		to   *string
	}{{program, &b.program}, {samples, &b.samples}} {
		if *p.to, err = filepath.Abs(p.from); err != nil {
			return err
		}
	}
	if _, err := os.Stat(b.program); err != nil {
		return fmt.Errorf("%w (make build makes it)", err)
	}
	if b.dir, err = os.MkdirTemp("", "onlibrary-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.data = b.dir; keep != "" {
		if b.data, err = filepath.Abs(keep); err != nil {
			return err
		}
	}

	started := time.Now()
	var sections []section
	for _, p := range parts() {
		if !wanted.MatchString(p.name) {
			continue
		}
		s := section{name: p.name, before: load()}
		log.Printf("%s (load %s)", p.name, s.before)
		if s.figures, err = p.run(b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.after = load()
		sections = append(sections, s)
	}
	log.Printf("all: %.0f s", time.Since(started).Seconds())
	return write(os.Stdout, sections)
}
