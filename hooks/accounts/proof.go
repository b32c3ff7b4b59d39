package accounts

import (
	"github.com/pocketbase/pocketbase/core"
)

// passwordUnproven is the field that tells of an account's password that it was
// chosen by who signed up. Whose address that was, nobody had shown: should its
// owner come in by mail or by a provider, the password goes. One that staff or a
// command gave stays.
const passwordUnproven = "passwordUnproven"

// provenBy runs a sign-in that shows whose the user's address is. PocketBase ends
// every password then, if the address was not proved before.
func (r *room) provenBy(user *core.Record, signIn func() error) error {
	if user == nil { // who signs up only now
		return signIn()
	}
	r.proofs.Store(user, nil)
	defer r.proofs.Delete(user)
	return signIn()
}

// keepPassword takes back that PocketBase ends a password, and the sessions, that
// can only be the user's own.
func (r *room) keepPassword(e *core.RecordEvent) error {
	u := e.Record
	if _, proof := r.proofs.Load(u); proof && !u.GetBool(passwordUnproven) {
		u.SetRaw(core.FieldNamePassword, u.Original().GetRaw(core.FieldNamePassword))
		u.SetTokenKey(u.Original().TokenKey())
	}
	return e.Next()
}

// passwordEnded tells of an update whether the user, who is proving the address,
// loses the password by it.
func (r *room) passwordEnded(u *core.Record) bool {
	const hash = core.FieldNamePassword + ":hash"
	_, proof := r.proofs.Load(u)
	return proof && changed(u, core.FieldNameVerified) && changed(u, hash)
}

// passwordGiven notes of an update by staff or a command that a new password is
// theirs.
func passwordGiven(u *core.Record) {
	if changed(u, core.FieldNamePassword) {
		u.Set(passwordUnproven, false)
	}
}
