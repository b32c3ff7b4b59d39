package locale

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
)

// keepRules has PocketBase parse every collection's rules before any client's
// filter. It remembers the first 500 filters that it parses for good, and those
// of clients differ from day to day and from zone to zone; to parse a rule anew
// for every request costs more than all else about it.
func keepRules(app core.App) error {
	collections, err := app.FindAllCollections()
	if err != nil {
		return err
	}
	for _, c := range collections {
		for _, rule := range []*string{c.ListRule, c.ViewRule, c.CreateRule, c.UpdateRule, c.DeleteRule, c.AuthRule, c.ManageRule} {
			if rule == nil || *rule == "" {
				continue
			}
			resolver := core.NewRecordFieldResolver(app, c, &core.RequestInfo{}, true)
			if _, err := search.FilterData(*rule).BuildExpr(resolver); err != nil {
				app.Logger().Warn("parsing a rule", "collection", c.Name, "error", err)
			}
		}
	}
	return nil
}
