package outbox

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	"github.com/pocketbase/pocketbase/tools/mailer"
	"github.com/pocketbase/pocketbase/tools/security"
	gomail "github.com/wneessen/go-mail"

	"onlibrary/internal/jobs"
)

// compose makes a message of PocketBase's one that can be sent.
func compose(m *mailer.Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	for header, list := range map[gomail.AddrHeader][]netmail.Address{
		gomail.HeaderFrom: {m.From}, gomail.HeaderTo: m.To, gomail.HeaderCc: m.Cc, gomail.HeaderBcc: m.Bcc,
	} {
		var addresses []*netmail.Address
		for _, a := range list {
			if err := CheckAddress(a.Address); err != nil {
				return nil, fmt.Errorf("%s: %w", header, err)
			}
			addresses = append(addresses, &netmail.Address{Name: strings.Join(strings.Fields(a.Name), " "), Address: a.Address})
		}
		if len(addresses) > 0 {
			msg.SetAddrHeaderFromMailAddress(header, addresses...)
		}
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(security.PseudorandomString(20) + "@" + domain(m.From.Address))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note is wanted
	for name, value := range m.Headers {
		if strings.EqualFold(name, string(gomail.HeaderMessageID)) {
			msg.SetMessageIDWithValue(strings.Trim(value, "<>"))
			continue
		}
		msg.SetGenHeader(gomail.Header(name), value)
	}
	if m.Text != "" {
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	}
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for name, content := range m.Attachments {
		if err := msg.AttachReader(name, content); err != nil {
			return nil, err
		}
	}
	for name, content := range m.InlineAttachments {
		if err := msg.EmbedReader(name, content); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

func domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// classify marks an error of sending for a worker to return. Final is what the
// server says of this recipient or this message for good.
func classify(err error) error {
	marked := fmt.Errorf("sending a mail: %w", err)
	var refusal *gomail.SendError
	if !errors.As(err, &refusal) {
		return jobs.Down(marked)
	}
	code := refusal.ErrorCode()
	switch refusal.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		switch {
		case code >= 500:
			return marked
		case code == 421, code == 454, code == 0: // closing, too many (SES), lost
			return jobs.Down(marked)
		}
		return jobs.Retry(marked)
	}
	return jobs.Down(marked)
}
