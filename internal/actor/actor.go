// Package actor says who makes a change and from where, and carries it in the
// context of a save that a route of our own makes.
package actor

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
)

// Names of those who are no account.
const (
	Guest   = "guest"   // who is not signed in
	Job     = "job"     // the server by itself
	Command = "command" // the command line, and the server while it starts
)

// agentMost bounds UserAgent, in characters.
const agentMost = 750

// Actor is who acts. ID is empty for those who are no account; IP is the
// address by PocketBase's RealIP, UserAgent at most 750 characters.
type Actor struct {
	ID, Name      string
	IP, UserAgent string
}

// Of returns who sent the request.
func Of(e *core.RequestEvent) Actor {
	a := Actor{Name: Guest, IP: e.RealIP(), UserAgent: cut(e.Request.UserAgent())}
	if e.Auth != nil {
		a.ID, a.Name = e.Auth.Id, Label(e.Auth)
	}
	return a
}

// As returns the actor with the account in place of who it was: one who is not
// signed in, but shows a secret of that account's.
func (a Actor) As(account *core.Record) Actor {
	a.ID, a.Name = account.Id, Label(account)
	return a
}

// Label is what an account is called: its name, else its username, else its
// address, as superusers have no more.
func Label(account *core.Record) string {
	for _, field := range []string{"name", "username", core.FieldNameEmail} {
		if s := account.GetString(field); s != "" {
			return s
		}
	}
	return ""
}

type key struct{}

// With returns a context whose saves are made by a.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, key{}, a)
}

// Context is what a route saves with, as in tx.SaveWithContext(actor.Context(e),
// record). It outlasts a caller who hangs up.
func Context(e *core.RequestEvent) context.Context {
	return With(context.WithoutCancel(e.Request.Context()), Of(e))
}

// From returns whom With put into ctx, which may be nil.
func From(ctx context.Context) (Actor, bool) {
	if ctx == nil {
		return Actor{}, false
	}
	a, ok := ctx.Value(key{}).(Actor)
	return a, ok
}

func cut(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= agentMost {
		return s
	}
	return string([]rune(s)[:agentMost])
}
