package outbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/mailer"
	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"onlibrary/internal/jobs"
)

const (
	connectWithin = 10 * time.Second
	sendWithin    = 60 * time.Second
	keepIdle      = 5 * time.Second // a server's patience is minutes (RFC 5321 4.5.3.2.7)
	mostOnOne     = 100             // mails on one connection: some servers count them
)

// transport keeps the last connection for the next mail.
type transport struct {
	mu   sync.Mutex
	idle *session
}

// session is a connection to a mail server, ready for a mail.
type session struct {
	settings core.SMTPConfig
	client   *gomail.Client
	smtp     *smtp.Client
	conn     net.Conn
	sent     int
	expiry   *time.Timer
}

// sender sends by the transport, for as long as its context lasts.
type sender struct {
	*transport
	ctx      context.Context
	settings core.SMTPConfig
}

// Send sends m; see the package's Send.
func (s sender) Send(m *mailer.Message) error {
	if !s.settings.Enabled {
		return jobs.Down(errors.New("sending a mail: the library has no mail server"))
	}
	msg, err := compose(m)
	if err != nil {
		return fmt.Errorf("sending a mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(s.ctx, sendWithin)
	defer cancel()
	if c := s.take(s.settings); c != nil {
		err := c.send(ctx, msg)
		var lost *gomail.SendError
		if !errors.As(err, &lost) || lost.Reason != gomail.ErrConnCheck {
			return s.keep(c, err)
		}
		c.close() // the server has hung up meanwhile
	}
	c, err := dial(ctx, s.settings)
	if err != nil {
		return jobs.Down(fmt.Errorf("reaching the mail server: %w", err))
	}
	return s.keep(c, c.send(ctx, msg))
}

// keep keeps a connection on which all went well, and classifies the error.
func (t *transport) keep(c *session, err error) error {
	if err != nil {
		c.close()
		return classify(err)
	}
	if c.sent++; c.sent >= mostOnOne {
		c.quit()
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		go c.quit()
		return nil
	}
	t.idle = c
	c.expiry = time.AfterFunc(keepIdle, func() { t.drop(c) })
	return nil
}

// take hands out the kept connection if it was made with the same settings.
func (t *transport) take(settings core.SMTPConfig) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.idle
	if c == nil {
		return nil
	}
	t.idle = nil
	c.expiry.Stop()
	if c.settings != settings {
		c.close()
		return nil
	}
	return c
}

// drop ends the kept connection if it is still that one.
func (t *transport) drop(c *session) {
	t.mu.Lock()
	mine := t.idle == c
	if mine {
		t.idle = nil
	}
	t.mu.Unlock()
	if mine {
		c.quit()
	}
}

func (t *transport) close() {
	t.mu.Lock()
	c := t.idle
	t.mu.Unlock()
	if c != nil {
		t.drop(c)
	}
}

// dial connects and signs in as PocketBase's settings say. Without TLS in them
// the connection is encrypted all the same if the server offers it (STARTTLS).
func dial(ctx context.Context, settings core.SMTPConfig) (*session, error) {
	c := &session{settings: settings}
	stop := func() bool { return true }
	options := []gomail.Option{
		gomail.WithTimeout(sendWithin), gomail.WithoutRset(), gomail.WithTLSPolicy(gomail.TLSOpportunistic),
		gomail.WithHELO(cmp.Or(settings.LocalName, "localhost")),
		gomail.WithDialContextFunc(func(context.Context, string, string) (conn net.Conn, err error) {
			if c.conn, err = connect(ctx, settings); err == nil {
				stop = context.AfterFunc(ctx, c.close)
			}
			return c.conn, err
		}),
	}
	if settings.TLS {
		options = append(options, gomail.WithSSL())
	}
	if settings.Username != "" || settings.Password != "" {
		method := gomail.SMTPAuthPlain
		if settings.AuthMethod == mailer.SMTPAuthLogin {
			method = gomail.SMTPAuthLogin
		}
		options = append(options, gomail.WithSMTPAuth(method), gomail.WithUsername(settings.Username), gomail.WithPassword(settings.Password))
	}
	var err error
	if c.client, err = gomail.NewClient(settings.Host, options...); err != nil {
		return nil, err
	}
	c.smtp, err = c.client.DialToSMTPClientWithContext(ctx)
	stop()
	if err != nil {
		c.close()
		return nil, errors.Join(err, ctx.Err())
	}
	return c, nil
}

func connect(ctx context.Context, settings core.SMTPConfig) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	address := net.JoinHostPort(settings.Host, strconv.Itoa(settings.Port))
	if settings.TLS {
		return (&tls.Dialer{Config: &tls.Config{ServerName: settings.Host, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// send gives the server one message; the end of ctx ends the connection.
func (c *session) send(ctx context.Context, m *gomail.Msg) error {
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	if err := c.client.SendWithSMTPClient(c.smtp, m); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

func (c *session) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing is under way
	}
}

// quit takes leave of the server.
func (c *session) quit() {
	defer c.close()
	if c.conn.SetDeadline(time.Now().Add(connectWithin)) == nil {
		_ = c.client.CloseWithSMTPClient(c.smtp) // every mail is through
	}
}
