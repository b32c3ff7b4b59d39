package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// signIn has a class sign in at once from one address.
func signIn(b *bench) ([]figure, error) {
	if err := b.fill(); err != nil {
		return nil, err
	}
	s, err := b.serveLibrary(b.libraryDir(few))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	errs := make([]error, pupils)
	var all sync.WaitGroup
	for i := range pupils {
		all.Go(func() { _, errs[i] = s.signIn(fmt.Sprint("pupil", i+1)) })
	}
	all.Wait()
	took := time.Since(began).Seconds()
	if err := errors.Join(append(errs, s.stop())...); err != nil {
		return nil, err
	}
	return []figure{shown(figure{What: "a class signs in", Data: "40 pupils at once, one address", Unit: "s", Ours: took, Most: 60})}, nil
}
