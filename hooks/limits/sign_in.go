package limits

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// holdSignIn holds the sign-ins by password.
func (r *room) holdSignIn(e *core.RecordAuthWithPasswordRequestEvent) error {
	// The name counts for an account, too: else a second spelling of it, which
	// finds the account no more, would tell whether there is one.
	name := nameKey(e.Collection, e.Identity)
	keys := []string{name, name}
	if e.Record != nil {
		keys[0] = accountKey(e.Record)
	}
	return r.hold(e.RequestEvent, keys, e.Next, func(err error) outcome {
		switch {
		case err == nil:
			return passed
		case refused(err):
			return failed
		}
		return neither
	})
}

// accountKey is the same for an account's address and its username.
func accountKey(account *core.Record) string {
	return account.Collection().Id + "/id/" + account.Id
}

// nameKey is the same for every form and case of a name, which stands for itself
// where it has no account.
func nameKey(c *core.Collection, name string) string {
	return c.Id + "/name/" + norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name))))
}
