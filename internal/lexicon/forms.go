package lexicon

import (
	"fmt"
	"maps"
	"slices"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Forms returns the names of the CLDR plural forms that the whole numbers of a
// language take, in order, as go-i18n knows them.
func Forms(tag string) ([]string, error) {
	parsed, err := language.Parse(tag)
	if err != nil {
		return nil, fmt.Errorf("%q is no BCP 47 tag: %w", tag, err)
	}
	bundle := i18n.NewBundle(parsed)
	err = bundle.AddMessages(parsed, &i18n.Message{ID: "form", Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"})
	if err != nil {
		return nil, fmt.Errorf("no plural forms of %s are known: %w", tag, err)
	}
	says := i18n.NewLocalizer(bundle, tag)
	forms := map[string]bool{"other": true}
	for n := range 1_001 {
		if n == 1_000 { // where es, fr and pt say "many"
			n = 1_000_000
		}
		form, err := says.Localize(&i18n.LocalizeConfig{MessageID: "form", PluralCount: n})
		if err != nil {
			return nil, fmt.Errorf("the plural form of %d in %s: %w", n, tag, err)
		}
		forms[form] = true
	}
	return slices.Sorted(maps.Keys(forms)), nil
}
