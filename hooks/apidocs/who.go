package apidocs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
)

const callerID = "@request.auth.id"

// withheld stands for a condition that is not for everybody to read.
const withheld = "a further condition holds"

// who says in words whom a rule lets do something, and whether a guest may be
// among them.
func who(c *core.Collection, rule string) (sentence string, guests bool) {
	if strings.TrimSpace(rule) == "" {
		return "anyone, guests too.", true
	}
	groups, err := fexpr.Parse(rule)
	if err != nil { // PocketBase saves no such rule
		return withheld + ".", false
	}
	text := words(c, groups)
	return strings.ToUpper(text[:1]) + text[1:] + ".", open(groups)
}

// words puts a rule's conditions into words, as a sentence in the third person.
func words(c *core.Collection, groups []fexpr.ExprGroup) string {
	var alternatives []string
	for _, all := range alternativesOf(groups) {
		var conditions, fixed []string
		for _, g := range all {
			switch item := g.Item.(type) {
			case fexpr.Expr:
				if field, ok := unchanged(item); ok {
					fixed = append(fixed, "`"+field+"`")
					continue
				}
				conditions = append(conditions, condition(c, item))
			case []fexpr.ExprGroup:
				inner := words(c, item)
				if len(alternativesOf(item)) > 1 && len(all) > 1 {
					inner = "(" + inner + ")"
				}
				conditions = append(conditions, inner)
			}
		}
		if len(fixed) > 0 {
			conditions = append(conditions, strings.Join(fixed, ", ")+" do not change")
		}
		alternatives = append(alternatives, strings.Join(conditions, " and "))
	}
	return strings.Join(alternatives, ", or ")
}

// alternativesOf splits a rule at its ors, which bind less than its ands.
func alternativesOf(groups []fexpr.ExprGroup) [][]fexpr.ExprGroup {
	var all [][]fexpr.ExprGroup
	for i, g := range groups {
		if i == 0 || g.Join == fexpr.JoinOr {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], g)
	}
	return all
}

// unchanged is the field of "@request.body.<field>:changed = false".
func unchanged(e fexpr.Expr) (string, bool) {
	field, ok := strings.CutPrefix(e.Left.Literal, "@request.body.")
	field, changed := strings.CutSuffix(field, ":changed")
	return field, ok && changed && e.Op == fexpr.SignEq && e.Right.Literal == "false"
}

func condition(c *core.Collection, e fexpr.Expr) string {
	if e.Left.Type == fexpr.TokenFunction && e.Op == fexpr.SignEq && e.Right.Literal == "true" {
		return ofFunction(e.Left)
	}
	subject, ok := named(c, e.Left)
	if !ok {
		return withheld
	}
	verb, ok := map[fexpr.SignOp]string{fexpr.SignEq: "is", fexpr.SignNeq: "is not"}[e.Op]
	switch {
	case !ok:
		return withheld
	case e.Right.Type == fexpr.TokenIdentifier && e.Right.Literal == callerID && e.Left.Literal == core.FieldNameId:
		return "the record " + verb + " the caller's own account"
	case e.Right.Type == fexpr.TokenIdentifier && e.Right.Literal == callerID:
		return fmt.Sprintf("%s %s the caller", subject, verb)
	case e.Right.Type == fexpr.TokenText, e.Right.Type == fexpr.TokenNumber:
		return fmt.Sprintf("%s %s `%s`", subject, verb, e.Right.Literal)
	}
	return withheld
}

// named is the field that a token names, unless it is a hidden one, or of a
// record that may be.
func named(c *core.Collection, t fexpr.Token) (string, bool) {
	name, of, nested := strings.Cut(t.Literal, ".")
	f := c.Fields.GetByName(name)
	if t.Type != fexpr.TokenIdentifier || f == nil || f.GetHidden() {
		return "", false
	}
	if nested && (name != "document" || of != "visibility") {
		return "", false
	}
	return "`" + t.Literal + "`", true
}

// ofFunction words the functions of package rules.
func ofFunction(t fexpr.Token) string {
	args, _ := t.Meta.([]fexpr.Token)
	switch {
	case t.Literal == "owns":
		return "the document is the caller's"
	case t.Literal == "shared":
		return "the document is shared with the caller"
	case t.Literal != "may" || len(args) == 0:
		return withheld
	case len(args) == 1:
		return "the caller is signed in"
	}
	permissions := make([]string, 0, len(args)-1)
	for _, a := range args[1:] {
		permissions = append(permissions, "`"+a.Literal+"`")
	}
	return "the caller has the permission " + strings.Join(permissions, " or ")
}

// open tells whether a rule can hold for a guest.
func open(groups []fexpr.ExprGroup) bool {
	return slices.ContainsFunc(alternativesOf(groups), func(all []fexpr.ExprGroup) bool {
		return !slices.ContainsFunc(all, func(g fexpr.ExprGroup) bool {
			switch item := g.Item.(type) {
			case fexpr.Expr:
				return item.Left.Type == fexpr.TokenFunction || item.Right.Literal == callerID && item.Op == fexpr.SignEq
			case []fexpr.ExprGroup:
				return !open(item)
			}
			return true
		})
	})
}
