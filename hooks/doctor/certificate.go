package doctor

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

const (
	soon = 14 * 24 * time.Hour
	now  = 7 * 24 * time.Hour
)

// certificate looks how long the certificates are good for.
func (r *room) certificate(context.Context, core.App) Finding {
	if !r.Certificates.Enabled() {
		return off("plain HTTP: a proxy in front has the certificate, if there is one")
	}
	all := r.Certificates.Status()
	if all == nil {
		if err := r.Certificates.Open(nil, nil); err != nil {
			return fail("look at --tls-cert and --tls-key, or at the folder of certificates", "%v", err)
		}
		all = r.Certificates.Status()
	}
	var first time.Time
	for _, c := range all {
		hint := "renewal is tried again by itself; the log says why it fails: often port 80 is closed, or the domain leads elsewhere"
		if c.Own {
			hint = "put a new one in its place: it is read at once"
		}
		why := ""
		if c.LastError != "" {
			why = ": " + c.LastError
		}
		left := c.NotAfter.Sub(r.Now())
		switch {
		case c.Fingerprint == "":
			return fail(hint, "%s has none yet%s", c.Domain, why)
		case left <= 0:
			return fail(hint, "that of %s ended on %s%s", c.Domain, c.NotAfter.UTC().Format(time.DateOnly), why)
		case r.Now().Before(c.NotBefore):
			return fail("look at the clock", "that of %s is not good before %s", c.Domain, c.NotBefore.UTC().Format(time.DateTime))
		// One that lives for days only is renewed when a third of them is left.
		case left < now && left < c.NotAfter.Sub(c.NotBefore)/4:
			return fail(hint, "that of %s ends on %s%s", c.Domain, c.NotAfter.UTC().Format(time.DateTime), why)
		case left < soon && left < c.NotAfter.Sub(c.NotBefore)/4:
			return warn(hint, "that of %s ends on %s%s", c.Domain, c.NotAfter.UTC().Format(time.DateOnly), why)
		}
		if first.IsZero() || c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return ok("good until %s", first.UTC().Format(time.DateOnly))
}
