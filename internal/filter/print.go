// Package filter writes PocketBase's filter expressions: from their parsed form
// back to text, and past the length that PocketBase allows a client's own.
package filter

import (
	"fmt"
	"strings"

	"github.com/ganigeorgiev/fexpr"
)

// Print writes parsed filter groups as text that fexpr parses into equal ones.
// It errs on what fexpr.Parse never returns.
func Print(groups []fexpr.ExprGroup) (string, error) {
	var b strings.Builder
	if err := printGroups(&b, groups); err != nil {
		return "", err
	}
	return b.String(), nil
}

func printGroups(b *strings.Builder, groups []fexpr.ExprGroup) error {
	for i, g := range groups {
		if i > 0 {
			b.WriteString(string(g.Join))
		}
		switch item := g.Item.(type) {
		case fexpr.Expr:
			if err := printToken(b, item.Left); err != nil {
				return err
			}
			b.WriteString(string(item.Op))
			if err := printToken(b, item.Right); err != nil {
				return err
			}
		case []fexpr.ExprGroup:
			b.WriteByte('(')
			if err := printGroups(b, item); err != nil {
				return err
			}
			b.WriteByte(')')
		default:
			return fmt.Errorf("printing a filter: unknown item %T", item)
		}
	}
	return nil
}

func printToken(b *strings.Builder, t fexpr.Token) error {
	switch t.Type {
	case fexpr.TokenIdentifier, fexpr.TokenNumber:
		b.WriteString(t.Literal)
	case fexpr.TokenText:
		quote(b, t.Literal)
	case fexpr.TokenFunction:
		args, ok := t.Meta.([]fexpr.Token)
		if !ok {
			return fmt.Errorf("printing a filter: the arguments of %s are %T", t.Literal, t.Meta)
		}
		b.WriteString(t.Literal)
		b.WriteByte('(')
		for i, a := range args {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := printToken(b, a); err != nil {
				return err
			}
		}
		b.WriteByte(')')
	default:
		return fmt.Errorf("printing a filter: unknown token %s", t.Type)
	}
	return nil
}

// quote writes a text in the quotes that it holds fewer of. fexpr keeps a
// backslash that escapes nothing, so one is doubled only where it would.
func quote(b *strings.Builder, text string) {
	q := byte('"')
	if strings.Count(text, `"`) > strings.Count(text, `'`) {
		q = '\''
	}
	b.WriteByte(q)
	for i := range len(text) {
		c := text[i]
		if c == q || c == '\\' && (i+1 == len(text) || strings.IndexByte(`ntr\'"`, text[i+1]) >= 0) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte(q)
}
