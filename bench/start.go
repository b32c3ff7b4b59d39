package main

import (
	"errors"
	"os"
	"time"
)

const starts = 10

// starting measures the program's size and how soon it answers.
func starting(b *bench) ([]figure, error) {
	fi, err := os.Stat(b.program)
	if err != nil {
		return nil, err
	}
	figures := []figure{shown(figure{What: "binary", Data: "as built", Unit: "MB", Ours: float64(fi.Size()) / 1e6, Most: 70})}
	var fresh []float64
	for range 3 {
		dir, err := os.MkdirTemp(b.dir, "first-")
		if err != nil {
			return nil, err
		}
		s, err := b.serveLibrary(dir)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, s.first.Seconds()*1000)
		if err := s.stop(); err != nil {
			return nil, err
		}
	}
	figures = append(figures, shown(figure{What: "start to first answer", Data: "no data folder yet", Unit: "ms", Ours: median(fresh), Most: 1000}))
	if err := b.fill(); err != nil {
		return nil, err
	}
	var ours, stock, rss, stockRSS []float64
	for range starts {
		for _, it := range []struct {
			serve     func() (*server, error)
			took, mem *[]float64
		}{
			{func() (*server, error) { return b.serveLibrary(b.libraryDir(few)) }, &ours, &rss},
			{func() (*server, error) { return b.serveStock(b.stockDir(few)) }, &stock, &stockRSS},
		} {
			s, err := it.serve()
			if err != nil {
				return nil, err
			}
			time.Sleep(2 * time.Second)
			mb, err := status(s.pid(), "VmRSS")
			if err := errors.Join(err, s.stop()); err != nil {
				return nil, err
			}
			*it.took = append(*it.took, s.first.Seconds()*1000)
			*it.mem = append(*it.mem, mb)
		}
	}
	return append(figures,
		shown(figure{What: "start to first answer", Data: "100,000 documents", Unit: "ms", Ours: median(ours), Rival: "stock", Theirs: median(stock), Most: 1000}),
		shown(figure{What: "RSS 2 s after the start", Data: "100,000 documents", Unit: "MB", Ours: median(rss), Rival: "stock", Theirs: median(stockRSS)}),
	), nil
}
