// Package fault holds the refusals that rooms and tools give: a kind, which
// package reply maps to an HTTP status, and a stable code, which package
// translate maps to a text in the caller's language.
package fault

import "fmt"

// Kind says why something was refused.
type Kind int

// Kinds of refusal.
const (
	Invalid Kind = iota // the input is wrong
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	TooLarge
	TooMany
	Unavailable
	WrongMethod
)

// Error is a refusal. Field names the field it is about and is empty when it
// is about no field. Params fill the placeholders of the code's text.
type Error struct {
	Kind   Kind
	Field  string
	Code   string
	Params map[string]any
	Err    error // for the log only, never shown
}

func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s = fmt.Sprintf("%s: %v", s, e.Err)
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// New returns a refusal that is about no field.
func New(kind Kind, code string) *Error {
	return &Error{Kind: kind, Code: code}
}

// Field returns a refusal of one field's value. Params may be nil.
func Field(field, code string, params map[string]any) *Error {
	return &Error{Kind: Invalid, Field: field, Code: code, Params: params}
}
