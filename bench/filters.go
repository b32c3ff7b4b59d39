package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const parallelFilters = 16

// filters has 16 patrons look for a word in the titles at once, from cold, and
// watches the server's memory.
func filters(b *bench) ([]figure, error) {
	if err := b.fill(); err != nil {
		return nil, err
	}
	var figures []figure
	for _, total := range []string{"1", "0"} {
		ours, err := b.serveLibrary(b.libraryDir(few))
		if err != nil {
			return nil, err
		}
		token, err := ours.signIn(asker)
		if err != nil {
			return nil, errors.Join(err, ours.stop())
		}
		grown, took, err := burst(ours, token, total)
		if err = errors.Join(err, ours.stop()); err != nil {
			return nil, err
		}
		stock, err := b.serveStock(b.stockDir(few))
		if err != nil {
			return nil, err
		}
		theirs, theirTook, err := burst(stock, "", total)
		if err = errors.Join(err, stock.stop()); err != nil {
			return nil, err
		}
		what := fmt.Sprintf("%d title ~ at once, skipTotal=%s: ", parallelFilters, total)
		figures = append(figures,
			shown(figure{What: what + "peak ÷ idle RSS", Data: describe(few), Unit: "x", Ours: grown, Rival: "stock", Theirs: theirs, Most: 4}),
			shown(figure{What: what + "until answered", Data: describe(few), Unit: "ms", Ours: took, Rival: "stock", Theirs: theirTook}))
	}
	return figures, nil
}

// burst sends the filters at once and returns how often the peak of the
// server's memory holds what it had before, and the milliseconds that it took.
func burst(s *server, token, skipTotal string) (grown, took float64, err error) {
	time.Sleep(5 * time.Second) // what starting took is given back
	before, err := status(s.pid(), "VmRSS")
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	errs := make([]error, parallelFilters)
	var all sync.WaitGroup
	for i := range parallelFilters {
		all.Go(func() {
			path := "/api/collections/documents/records?" + query(map[string]string{
				"sort": "-created,-id", "skipTotal": skipTotal, "filter": fmt.Sprintf(`title ~ "%s"`, rare[i])})
			_, errs[i] = s.getAs(token, path)
		})
	}
	all.Wait()
	took = float64(time.Since(began).Milliseconds())
	peak, err := status(s.pid(), "VmHWM")
	return peak / before, took, errors.Join(append(errs, err)...)
}

// rare are words that few titles hold: a page is not full before the last row is read.
var rare = [parallelFilters]string{
	"traklisto", "trabazu", "norxayo", "klikliba", "wiwiwi", "xaxaxa", "zuzuzu", "stosto tra",
	"dofiga", "lemona", "perisi", "tuvewi", "nornornor", "babado", "fifile", "gasoso",
}
