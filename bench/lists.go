package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// warmUp is how often something is done before it is measured.
const warmUp = 20

// lists asks both servers for the same pages, in turns.
func lists(b *bench) (figures []figure, err error) {
	if err := b.fill(); err != nil {
		return nil, err
	}
	for _, kind := range kinds() {
		some, err := b.listsOf(kind)
		figures = append(figures, some...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	return figures, nil
}

// A listing is one page that is asked for; stock PocketBase is the rival
// unless most bounds it by itself.
type listing struct {
	what  string
	query map[string]string
	times float64 // of stock's time, at most
	most  float64 // milliseconds, at most
}

func listings(kind string) []listing {
	without := func(more ...string) map[string]string {
		q := map[string]string{"sort": "-created,-id", "skipTotal": "1"}
		for i := 0; i < len(more); i += 2 {
			q[more[i]] = more[i+1]
		}
		return q
	}
	far := "2900"
	if kind != few {
		far = "330" // about the last that the patron may read
	}
	all := []listing{
		{what: "30 of 100,000", query: without(), times: 1.5},
		{what: "… page " + far, query: without("page", far), most: 100},
		{what: "… with total", query: without("skipTotal", "0"), times: 2},
	}
	switch kind {
	case block: // nothing promises that the newest can all be hidden
		all[0].times = 0
		return all
	case most:
		return all
	}
	for _, sort := range []string{"title", "code", "-published", "series,seriesIndex", "expiresOn", "-fileSize", "-updated"} {
		id := ",id"
		if sort[0] == '-' {
			id = ",-id"
		}
		all = append(all, listing{what: "… by " + sort, query: without("sort", sort+id), times: 1.5})
	}
	return append(all,
		listing{what: "… of one category", query: without("filter", `category="`+categoryID(7)+`"`), times: 1.5},
		listing{what: "… of one category, with total", query: without("filter", `category="`+categoryID(7)+`"`, "skipTotal", "0"), times: 2},
	)
}

func describe(kind string) string {
	switch kind {
	case few:
		return "80 % members, 10 % public, 10 % private"
	case most:
		return "nine tenths others' private, strewn"
	default:
		return "nine tenths others' private, the newest"
	}
}

func (b *bench) listsOf(kind string) (figures []figure, err error) {
	ours, err := b.serveLibrary(b.libraryDir(kind))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	stock, err := b.serveStock(b.stockDir(kind))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stock.stop()) }()
	token, err := ours.signIn(asker)
	if err != nil {
		return nil, err
	}
	for _, l := range listings(kind) {
		path := "/api/collections/documents/records?" + query(l.query)
		times, err := inTurns(warmUp, b.rounds,
			func() error { _, err := ours.getAs(token, path); return err },
			func() error { _, err := stock.get(path); return err })
		if err != nil {
			return nil, err
		}
		figures = append(figures, shown(figure{What: l.what, Data: describe(kind), Unit: "ms",
			Ours: times[0], Rival: "stock", Theirs: times[1], Most: l.most, Times: l.times}))
	}
	return figures, nil
}

func query(of map[string]string) string {
	q := url.Values{}
	for k, v := range of {
		q.Set(k, v)
	}
	return q.Encode()
}

// inTurns runs the acts by turns and returns the median milliseconds of each
// over the rounds after the first few, which warm up.
func inTurns(warmUp, rounds int, acts ...func() error) ([]float64, error) {
	took := make([][]float64, len(acts))
	for round := range warmUp + rounds {
		for i, act := range acts {
			began := time.Now()
			if err := act(); err != nil {
				return nil, err
			}
			if round >= warmUp {
				took[i] = append(took[i], float64(time.Since(began).Microseconds())/1000)
			}
		}
	}
	medians := make([]float64, len(acts))
	for i := range took {
		medians[i] = median(took[i])
	}
	return medians, nil
}

func median(of []float64) float64 {
	slices.Sort(of)
	if n := len(of); n%2 == 0 {
		return (of[n/2-1] + of[n/2]) / 2
	}
	return of[len(of)/2]
}
