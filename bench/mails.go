package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

const (
	mailed  = 200 // patrons who ask for a new password at once
	timed   = 250 // more who ask one by one, each beside a stranger
	askMail = "/api/collections/users/request-password-reset"
)

// mails has patrons ask for new passwords and waits for their mails in a real
// mailbox; then it compares how long patrons and strangers wait for the answer.
func mails(b *bench) (figures []figure, err error) {
	box, err := openMailbox()
	if err != nil || box == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, box.close()) }()

	dir := filepath.Join(b.dir, "mails")
	s, err := b.serveLibrary(dir)
	if err != nil {
		return nil, err
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	if err := inDatabase(dir, func(tx *sql.Tx) error { return fillMailed(tx, box.smtp) }); err != nil {
		return nil, err
	}
	if s, err = b.serveLibrary(dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()

	began := time.Now()
	errs := make([]error, mailed)
	var all sync.WaitGroup
	for i := range mailed {
		all.Go(func() { _, errs[i] = s.askMail(fmt.Sprintf("patron%d@example.org", i)) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for n := 0; n < mailed; time.Sleep(5 * time.Millisecond) {
		if n, err = box.count(); err != nil {
			return nil, err
		}
		if time.Since(began) > time.Minute {
			return nil, fmt.Errorf("%d of %d mails have arrived", n, mailed)
		}
	}
	figures = append(figures, shown(figure{
		What: "mails asked for and arrived", Data: "200 resets at once, Mailpit", Unit: "s", Ours: time.Since(began).Seconds(), Most: 5,
	}))

	var known, strange []float64
	for i := mailed; i < mailed+timed; i++ {
		for _, who := range []struct {
			name string
			took *[]float64
		}{{"patron", &known}, {"stranger", &strange}} {
			took, err := s.askMail(fmt.Sprintf("%s%d@example.org", who.name, i))
			if err != nil {
				return nil, err
			}
			*who.took = append(*who.took, took.Seconds()*1000)
		}
	}
	return append(figures, shown(figure{
		What: "reset: patrons' median beside strangers'", Data: fmt.Sprintf("500 tries, %.2f and %.2f ms", median(known), median(strange)),
		Unit: "ms", Ours: math.Abs(median(known) - median(strange)), Most: 5,
	})), nil
}

// askMail asks for a new password.
func (s *server) askMail(email string) (time.Duration, error) {
	body, err := json.Marshal(map[string]string{"email": email})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	resp, err := s.client.Post(s.base+askMail, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	if resp.StatusCode != http.StatusNoContent {
		err = errors.New(resp.Status)
	}
	return took, errors.Join(err, resp.Body.Close())
}

func fillMailed(tx *sql.Tx, smtp int) error {
	if err := fillUsers(tx); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE users SET email = username || '@example.org'`); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE _params SET value = json_set(value, '$.smtp.enabled', json('true'), '$.smtp.host', '127.0.0.1', '$.smtp.port', ?,
		'$.meta.senderAddress', 'library@example.org') WHERE id = 'settings'`, smtp)
	return err
}
