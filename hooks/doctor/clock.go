package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
)

const (
	// wrong is how far off a clock makes certificates, S3 and sign-in codes fail.
	wrong = 5 * time.Minute
	// loose is how far off it may be without anybody's minding.
	loose = 30 * time.Second

	askWithin = 5 * time.Second
	usualCA   = "https://acme-v02.api.letsencrypt.org/directory"
)

// clock compares the machine's clock with those of the servers that the library
// speaks to anyway, and with what was written when.
func (r *room) clock(ctx context.Context, app core.App) Finding {
	const hint = "have it set by NTP: timedatectl set-ntp true"
	if app.IsBootstrapped() {
		// A tick may pass between a row's time and this one.
		if last, err := newest(app, r.Now().Add(time.Minute)); err != nil {
			return fail("", "%v", err)
		} else if !last.IsZero() {
			return fail(hint, "the audit has an entry of %s, which is still to come: the clock is behind, or was ahead", last.String())
		}
	}
	asked := 0
	for _, at := range r.witnesses(app) {
		theirs, err := date(ctx, at)
		if err != nil {
			continue // it is another check's to say so
		}
		asked++
		switch gap := r.Now().Sub(theirs).Abs(); {
		case gap > wrong:
			return fail(hint, "it differs by %s from that of %s", gap.Round(time.Second), at.Host)
		case gap > loose:
			return warn(hint, "it differs by %s from that of %s", gap.Round(time.Second), at.Host)
		}
	}
	switch {
	case !synchronised():
		return warn(hint, "nothing keeps it in time")
	case asked == 0:
		return ok("%s; the system says that it is kept in time", r.Now().UTC().Format(time.RFC3339))
	default:
		return ok("%s, as other servers have it", r.Now().UTC().Format(time.RFC3339))
	}
}

// newest returns the time of the newest entry of the audit that is later than
// the given one, or zero.
func newest(app core.App, than time.Time) (last types.DateTime, err error) {
	at, err := types.ParseDateTime(than)
	if err != nil {
		return last, err
	}
	var text string
	err = app.DB().Select("coalesce(max(created), '')").From(schema.AuditLogs).Where(dbx.NewExp("created > {:at}", dbx.Params{"at": at.String()})).Row(&text)
	if err != nil || text == "" {
		return last, err
	}
	return types.ParseDateTime(text)
}

// witnesses are the servers whose clocks can be asked for.
func (r *room) witnesses(app core.App) (all []*url.URL) {
	var addresses []string
	if len(r.Config.Domains) > 0 {
		addresses = append(addresses, cmp.Or(r.Config.ACMECA, usualCA))
	}
	if app.IsBootstrapped() && app.Settings().S3.Enabled {
		addresses = append(addresses, app.Settings().S3.Endpoint)
	}
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil && u.Host != "" {
			all = append(all, u)
		}
	}
	return all
}

// date asks a server for its time (RFC 9110, 6.6.1), to the second.
func date(ctx context.Context, at *url.URL) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, at.String(), nil)
	if err != nil {
		return time.Time{}, err
	}
	client := http.Client{
		// A clock that is far off finds every certificate wrong; nothing but the time
		// is read.
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, //nolint:gosec // see above
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	if err := answer.Body.Close(); err != nil {
		return time.Time{}, err
	}
	when, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s tells no time: %w", at.Host, err)
	}
	return when, nil
}
