package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"onlibrary/internal/schema"
)

func TestRolesByAPI(t *testing.T) {
	l := furnished(t)
	role, id := l.make(t, l.admin, schema.Roles, m{"name": "Curators", "permissions": []string{schema.CategoriesManage}, "webActions": []string{"/shelves"}})
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.ann, schema.Roles, "", "name", "Admin", "Librarian", "Customer", "Visitor", "Curators")
		l.lists(t, nil, schema.Roles, "", "name")
	})
	t.Run("create", func(t *testing.T) {
		l.refuses(t, l.admin, "POST", api+"roles/records", m{"name": "curators"}, "name", "validation_not_unique")
		l.refuses(t, l.admin, "POST", api+"roles/records", m{"name": ""}, "name", "validation_required")
		l.want(t, 400, l.librarian, "POST", api+"roles/records", m{"name": "Mine"})
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, l.ann, "GET", role, nil); a.At("permissions", 0) != schema.CategoriesManage || a.At("webActions", 0) != "/shelves" {
			t.Errorf("a role shows what it grants: %s", a.Raw)
		}
		l.want(t, 404, nil, "GET", role, nil)
	})
	t.Run("edit", func(t *testing.T) {
		if a := l.want(t, 200, l.admin, "PATCH", role, m{"name": "Keepers"}); a.At("name") != "Keepers" || a.At("permissions", 0) != schema.CategoriesManage {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.librarian, "PATCH", role, m{"name": "Mine"})
	})
	t.Run("copy", func(t *testing.T) {
		a := l.want(t, 200, l.admin, "POST", "/api/library/roles/"+id+"/copy", m{})
		if a.At("name") != "Keepers (2)" || a.At("permissions", 0) != schema.CategoriesManage || a.At("webActions", 0) != "/shelves" || a.At("id") == id {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.admin, "POST", "/api/library/roles/neverthere00000/copy", m{})
		l.want(t, 403, l.ann, "POST", "/api/library/roles/"+id+"/copy", m{})
	})
	t.Run("delete", func(t *testing.T) {
		if a := l.want(t, 400, l.admin, "DELETE", api+"roles/records/"+schema.RoleCustomer, nil); a.At("data", "fault", "code") != "role_in_use" {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 204, l.admin, "DELETE", role, nil)
		l.gone(t, l.admin, role)
	})
}

// What the old system granted route by route is a permission of the role.
func TestPermissionsOfARole(t *testing.T) {
	l := furnished(t)
	role, id := l.make(t, l.admin, schema.Roles, m{"name": "Curators"})
	l.want(t, 200, l.admin, "PATCH", api+"users/records/"+l.ann.Id, m{"role": id})
	category := func() int {
		return l.Do(t, l.ann, "POST", api+"categories/records", m{"code": fmt.Sprint("C", len(l.permissions(t, role))), "name": "N"}).Status
	}
	t.Run("add", func(t *testing.T) {
		if got := category(); got != 400 {
			t.Errorf("without the permission: %d", got)
		}
		l.want(t, 200, l.admin, "PATCH", role, m{"permissions+": schema.CategoriesManage})
		l.want(t, 200, l.admin, "PATCH", role, m{"permissions+": schema.CategoriesManage}) // twice is once
		if got := category(); got != 200 {
			t.Errorf("with the permission: %d", got)
		}
		l.refuses(t, l.admin, "PATCH", role, m{"permissions+": "everything"}, "permissions", "validation_invalid_value")
	})
	t.Run("list", func(t *testing.T) {
		if got := l.permissions(t, role); !slices.Equal(got, []string{schema.CategoriesManage}) {
			t.Errorf("%q", got)
		}
		l.lists(t, l.ann, schema.Roles, `permissions ~ "categories.manage"`, "name", "Admin", "Librarian", "Curators")
	})
	t.Run("all there are", func(t *testing.T) {
		a := l.want(t, 200, l.ann, "GET", "/api/library/permissions", nil)
		for _, p := range schema.Permissions() {
			if !strings.Contains(string(a.Raw), `"`+p+`"`) {
				t.Errorf("%s is not told of: %s", p, a.Raw)
			}
		}
		l.want(t, 401, nil, "GET", "/api/library/permissions", nil)
	})
	t.Run("remove", func(t *testing.T) {
		l.want(t, 200, l.admin, "PATCH", role, m{"permissions-": schema.CategoriesManage})
		if got := category(); got != 400 || len(l.permissions(t, role)) != 0 {
			t.Errorf("after it is taken: %d, %q", got, l.permissions(t, role))
		}
	})
}

func (l *library) permissions(t *testing.T, role string) []string {
	t.Helper()
	all, _ := l.want(t, 200, l.admin, "GET", role, nil).At("permissions").([]any)
	got := []string{}
	for _, p := range all {
		got = append(got, fmt.Sprint(p))
	}
	return got
}

func TestWebActionsOfARole(t *testing.T)    { actions(t, "webActions") }
func TestMobileActionsOfARole(t *testing.T) { actions(t, "mobileActions") }

// actions of a role are texts that front ends read with the role and with me.
func actions(t *testing.T, field string) {
	l := furnished(t)
	role := api + "roles/records/" + schema.RoleCustomer
	has := func(t *testing.T, want ...any) {
		t.Helper()
		for place, shown := range map[string]any{
			"role": l.want(t, 200, l.ann, "GET", role, nil).At(field), "me": l.want(t, 200, l.ann, "GET", "/api/library/me", nil).At("role", field),
		} {
			if got, _ := shown.([]any); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", place, got, want)
			}
		}
	}
	t.Run("add", func(t *testing.T) {
		l.want(t, 200, l.admin, "PATCH", role, m{field: []string{"/profile", "/main"}})
		l.refuses(t, l.admin, "PATCH", role, m{field: "/main"}, field, "actions_invalid")
		l.refuses(t, l.admin, "PATCH", role, m{field: []any{7}}, field, "actions_invalid")
		l.want(t, 404, l.ann, "PATCH", role, m{field: []string{"*"}})
	})
	t.Run("list", func(t *testing.T) { has(t, "/profile", "/main") })
	t.Run("remove", func(t *testing.T) {
		l.want(t, 200, l.admin, "PATCH", role, m{field: []string{"/main"}})
		has(t, "/main")
		l.want(t, 200, l.admin, "PATCH", role, m{field: nil})
		has(t)
	})
}
