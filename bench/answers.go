package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// pairs is how many answers of each kind are compared, a known account beside a
// stranger each time.
const pairs = 500

// A question is asked of a known account and of a stranger, and answered alike.
type question struct {
	what   string
	path   string
	status int
	body   func(who string) map[string]string
	known  string // pattern of those who have an account
}

func questions() []question {
	signIn := func(who string) map[string]string {
		return map[string]string{"identity": who, "password": "a wrong one"}
	}
	email := func(who string) map[string]string { return map[string]string{"email": who} }
	signUp := func(who string) map[string]string {
		return map[string]string{"email": who, "username": letters(12), "password": password, "passwordConfirm": password}
	}
	const users = "/api/collections/users/"
	return []question{
		{"sign-in by address", users + "auth-with-password", http.StatusBadRequest, signIn, "patron%d@example.org"},
		{"sign-in by username", users + "auth-with-password", http.StatusBadRequest, signIn, "patron%d"},
		{"sign-in, pending", users + "auth-with-password", http.StatusBadRequest, signIn, "pending%d@example.org"},
		{"sign-in, inactive", users + "auth-with-password", http.StatusBadRequest, signIn, "inactive%d@example.org"},
		{"sign-up under email", users + "records", http.StatusOK, signUp, "patron%d@example.org"},
		{"reset", users + "request-password-reset", http.StatusNoContent, email, "patron%d@example.org"},
		{"reset, inactive", users + "request-password-reset", http.StatusNoContent, email, "inactive%d@example.org"},
		{"verification", users + "request-verification", http.StatusNoContent, email, "pending%d@example.org"},
		{"one-time password", users + "request-otp", http.StatusOK, email, "patron%d@example.org"},
	}
}

// answers compares how long those who have an account and strangers wait for an
// answer. Each pair is asked by turns, so that the machine's load is on both; a
// mail server takes what goes out meanwhile.
func answers(b *bench) (figures []figure, err error) {
	sink, err := takeMail()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	dir := filepath.Join(b.dir, "answers")
	s, err := b.serveLibrary(dir)
	if err != nil {
		return nil, err
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	if err := inDatabase(dir, func(tx *sql.Tx) error { return fillAnswers(tx, sink.Addr().(*net.TCPAddr).Port) }); err != nil {
		return nil, err
	}
	for _, q := range questions() {
		// A server of its own for each, for it remembers who asked.
		if s, err = b.serveLibrary(dir); err != nil {
			return nil, err
		}
		f, err := s.compare(q)
		if err := errors.Join(err, s.stop()); err != nil {
			return nil, fmt.Errorf("%s: %w", q.what, err)
		}
		figures = append(figures, shown(f))
	}
	return figures, nil
}

// compare asks a question of pairs.
func (s *server) compare(q question) (figure, error) {
	var known, strange, gaps []float64
	for i := range pairs + 20 {
		stranger := letters(12)
		if strings.Contains(q.known, "@") {
			stranger += "@example.org"
		}
		asked := []string{fmt.Sprintf(q.known, i), stranger}
		took := make([]float64, 2)
		first := rand.IntN(2)
		for _, who := range []int{first, 1 - first} {
			// What the answer before has set going is none of this one's.
			time.Sleep(20 * time.Millisecond)
			var err error
			if took[who], err = s.timed(q, asked[who]); err != nil {
				return figure{}, err
			}
		}
		if i >= 20 { // warm
			known, strange, gaps = append(known, took[0]), append(strange, took[1]), append(gaps, took[0]-took[1])
		}
	}
	return figure{
		What: "answer: " + q.what, Data: fmt.Sprintf("%d pairs, medians %.1f and %.1f ms, of the gaps %+.2f ms", pairs, median(known), median(strange), median(gaps)),
		Unit: "ms", Ours: math.Abs(median(known) - median(strange)), Most: 5,
	}, nil
}

// timed asks once; the time is in milliseconds.
func (s *server) timed(q question, who string) (float64, error) {
	body, err := json.Marshal(q.body(who))
	if err != nil {
		return 0, err
	}
	began := time.Now()
	resp, err := s.client.Post(s.base+q.path, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	answer, err := io.ReadAll(resp.Body)
	took := time.Since(began).Seconds() * 1000
	if resp.StatusCode != q.status {
		err = fmt.Errorf("%s: %s %.300s", who, resp.Status, answer)
	}
	return took, errors.Join(err, resp.Body.Close())
}

// fillAnswers makes enough accounts of each kind to ask of each once.
func fillAnswers(tx *sql.Tx, smtp int) error {
	if err := fillMailed(tx, smtp); err != nil {
		return err
	}
	columns := `username, usernameKey, name, email, password, tokenKey, role, state, verified, created, updated`
	for kind, state := range map[string]string{"patron": "active", "pending": "pending", "inactive": "inactive"} {
		_, err := tx.Exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT OR IGNORE INTO users (id, `+columns+`)
			SELECT printf('%s%07d', ?, i), ? || i, ? || i, ? || i, ? || i || '@example.org', password, printf('%s%040d', ?, i), role, ?, ?, created, updated
			FROM n, (SELECT * FROM users WHERE username = 'patron0')`,
			pairs+20, "extra"+kind[:3], kind, kind, kind, kind, kind, state, state == "active")
		if err != nil {
			return err
		}
	}
	for _, change := range []string{
		`UPDATE _params SET value = json_set(value, '$.rateLimits.enabled', json('false')) WHERE id = 'settings'`,
		`UPDATE library SET activation = 'email'`,
		`UPDATE _collections SET options = json_set(options, '$.otp.enabled', json('true')) WHERE name = 'users'`,
	} {
		if _, err := tx.Exec(change); err != nil {
			return err
		}
	}
	return nil
}

func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(rand.IntN(26))
	}
	return string(b)
}

// takeMail starts a mail server that takes everything and keeps nothing.
func takeMail() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go swallow(c)
		}
	}()
	return l, nil
}

// swallow speaks just enough SMTP (RFC 5321) to be rid of a mail.
func swallow(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "220 sink\r\n")
	data := false
	for lines := bufio.NewScanner(c); lines.Scan(); {
		line := lines.Text()
		switch {
		case data && line == ".":
			data = false
			fmt.Fprint(c, "250 taken\r\n")
		case data:
		case strings.HasPrefix(line, "DATA"):
			data = true
			fmt.Fprint(c, "354 go on\r\n")
		case strings.HasPrefix(line, "QUIT"):
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			fmt.Fprint(c, "250 well\r\n")
		}
	}
}
