package main

import (
	"testing"

	"onlibrary/internal/schema"
)

func TestRegionsByAPI(t *testing.T) {
	l := furnished(t)
	region, id := l.make(t, l.librarian, schema.Regions, m{"code": "SP", "name": "São Paulo"})
	_, other := l.make(t, l.librarian, schema.Regions, m{"code": "RJ", "name": "Rio"})
	t.Run("list", func(t *testing.T) {
		l.lists(t, nil, schema.Regions, "", "code", "SP", "RJ")
		l.lists(t, nil, schema.Regions, `name ~ "Paulo"`, "code", "SP")
	})
	t.Run("create", func(t *testing.T) {
		l.refuses(t, l.librarian, "POST", api+"regions/records", m{"code": "SP", "name": "Again"}, "code", "validation_not_unique")
		l.refuses(t, l.librarian, "POST", api+"regions/records", m{"code": "MG"}, "name", "validation_required")
		l.want(t, 400, l.ann, "POST", api+"regions/records", m{"code": "MG", "name": "Minas"})
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, nil, "GET", region, nil); a.At("name") != "São Paulo" || a.At("code") != "SP" {
			t.Errorf("%s", a.Raw)
		}
	})
	t.Run("edit", func(t *testing.T) {
		if a := l.want(t, 200, l.librarian, "PATCH", region, m{"name": "S. Paulo"}); a.At("name") != "S. Paulo" || a.At("code") != "SP" {
			t.Errorf("%s", a.Raw)
		}
		l.refuses(t, l.librarian, "PATCH", region, m{"code": "RJ"}, "code", "validation_not_unique")
		l.want(t, 404, l.ann, "PATCH", region, m{"name": "Mine"})
	})
	t.Run("delete", func(t *testing.T) {
		l.make(t, l.librarian, schema.Cities, m{"name": "Campinas", "region": id})
		l.want(t, 400, l.librarian, "DELETE", region, nil)
		l.want(t, 404, l.ann, "DELETE", api+"regions/records/"+other, nil)
		l.want(t, 204, l.librarian, "DELETE", api+"regions/records/"+other, nil)
		l.gone(t, nil, api+"regions/records/"+other)
	})
}

func TestCitiesByAPI(t *testing.T) {
	l := furnished(t)
	_, sp := l.make(t, l.librarian, schema.Regions, m{"code": "SP", "name": "São Paulo"})
	_, rj := l.make(t, l.librarian, schema.Regions, m{"code": "RJ", "name": "Rio"})
	city, _ := l.make(t, l.librarian, schema.Cities, m{"name": "Campinas", "region": sp})
	l.make(t, l.librarian, schema.Cities, m{"name": "Niterói", "region": rj})
	t.Run("list", func(t *testing.T) {
		l.lists(t, nil, schema.Cities, "", "name", "Campinas", "Niterói")
		l.lists(t, nil, schema.Cities, `region.code = "SP"`, "name", "Campinas") // through its relation
	})
	t.Run("create", func(t *testing.T) {
		l.refuses(t, l.librarian, "POST", api+"cities/records", m{"name": "Santos", "region": "neverthere00000"}, "region", "validation_missing_rel_records")
		l.refuses(t, l.librarian, "POST", api+"cities/records", m{"region": sp}, "name", "validation_required")
		l.want(t, 400, l.ann, "POST", api+"cities/records", m{"name": "Santos", "region": sp})
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, nil, "GET", city+"?expand=region", nil); a.At("expand", "region", "code") != "SP" {
			t.Errorf("its region comes with it: %s", a.Raw)
		}
	})
	t.Run("edit", func(t *testing.T) {
		// The same refusal as on create: the old system's were 404 there and 400 here.
		l.refuses(t, l.librarian, "PATCH", city, m{"region": "neverthere00000"}, "region", "validation_missing_rel_records")
		if a := l.want(t, 200, l.librarian, "PATCH", city, m{"region": rj}); a.At("region") != rj || a.At("name") != "Campinas" {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.ann, "PATCH", city, m{"name": "Mine"})
	})
	t.Run("delete", func(t *testing.T) {
		l.want(t, 404, l.ann, "DELETE", city, nil)
		l.want(t, 204, l.librarian, "DELETE", city, nil)
		l.gone(t, nil, city)
	})
}
