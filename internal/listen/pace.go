package listen

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Pace is a handler behind which a body has to come in at a least rate, and an
// answer by HTTP/2 has to be taken: those who send or take next to nothing are
// dropped, while a slow line may take hours. Answers by HTTP/1.1 are the
// connection's to watch over (Guard). Deadlines that a handler sets itself
// (http.ResponseController) hold besides.
type Pace struct {
	Next http.Handler
	// Least is how many bytes of a body have to come in each Window of waiting.
	Least  int64
	Window time.Duration
	// Stall is how long a piece of an answer by HTTP/2 may wait to be taken.
	Stall time.Duration
}

// Unwrap returns the handler behind it.
func (p Pace) Unwrap() http.Handler { return p.Next }

func (p Pace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	own := &writer{ResponseWriter: w, control: http.NewResponseController(w)}
	if r.ProtoMajor == 2 {
		own.stall = p.Stall
	}
	if r.Body != nil && r.ContentLength != 0 {
		b := &body{ReadCloser: r.Body, deadlines: own, pace: p, left: p.Window}
		// What the handler leaves unread the server reads.
		if b.arm(time.Now()) == nil { // else there is no connection, as in tests
			r.Body = b
		}
	}
	p.Next.ServeHTTP(own, r)
}

// body counts only the time that its reader waits for the far end.
type body struct {
	io.ReadCloser
	deadlines *writer
	pace      Pace
	got       int64         // in this window
	left      time.Duration // of it
	armed     time.Time
}

func (b *body) Read(p []byte) (int, error) {
	began := time.Now()
	if err := b.arm(began); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= time.Since(began)
	if b.got += int64(n); b.got >= b.pace.Least {
		b.got, b.left = 0, b.pace.Window
	}
	return n, err
}

// arm sets the deadline, unless it stands nearly where it would be set to.
func (b *body) arm(now time.Time) error {
	end := now.Add(b.left)
	if end.Sub(b.armed).Abs() < b.pace.Window/60 {
		return nil
	}
	b.armed = end
	return b.deadlines.armRead(end)
}

// writer passes on what a handler writes. It knows the deadlines that the
// handler sets.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration // 0: somebody else watches

	mu             sync.Mutex
	readEnd, paced time.Time // the handler's deadline and the pace's
	writeEnd       time.Time // the handler's
}

// Unwrap returns the writer behind it, for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.readEnd = t
	return w.control.SetReadDeadline(earlier(w.readEnd, w.paced))
}

func (w *writer) armRead(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paced = t
	return w.control.SetReadDeadline(earlier(w.readEnd, w.paced))
}

func (w *writer) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeEnd = t
	return w.control.SetWriteDeadline(t)
}

func (w *writer) armWrite(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.control.SetWriteDeadline(earlier(w.writeEnd, t))
}

func (w *writer) Write(p []byte) (n int, err error) {
	if w.stall == 0 {
		return w.ResponseWriter.Write(p)
	}
	for {
		if err := w.armWrite(time.Now().Add(w.stall)); err != nil {
			return n, err
		}
		m, err := w.ResponseWriter.Write(p[n:min(n+piece, len(p))])
		n += m
		if err != nil {
			return n, err
		}
		if n >= len(p) {
			return n, w.armWrite(time.Time{}) // HTTP/2 ends a stream by it that nothing is written to
		}
	}
}

// FlushError sends what is written, under the same deadline.
func (w *writer) FlushError() error {
	if w.stall == 0 {
		return w.control.Flush()
	}
	if err := w.armWrite(time.Now().Add(w.stall)); err != nil {
		return err
	}
	if err := w.control.Flush(); err != nil {
		return err
	}
	return w.armWrite(time.Time{})
}
