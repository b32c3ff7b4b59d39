package notices

import (
	"fmt"
	"strings"
	"testing"

	"onlibrary/internal/testapp"
)

const pushPath = "/api/library/push"

// results reads an answer's results as "user device ok code", names for ids.
func (h *house) results(a testapp.Answer, names map[string]string) []string {
	var all []string
	list, _ := a.At("results").([]any)
	for i := range list {
		of := func(field string) string {
			id := fmt.Sprint(a.At("results", i, field))
			if name, ok := names[id]; ok {
				return name
			}
			return id
		}
		all = append(all, strings.Join([]string{of("user"), of("device"), of("ok"), of("code")}, " "))
	}
	return all
}

func TestPushTellsOfEachToken(t *testing.T) {
	h := openOut(t)
	phone, dead, theirs := h.device(t, h.patron, "phone"), h.device(t, h.patron, "dead-tablet"), h.device(t, h.other, "quota-phone")
	off := h.device(t, h.librarian, "off")
	gone := h.device(t, h.inactive, "of-the-inactive")
	h.change(t, h.librarian, m{"channels": []string{"mail"}})
	names := map[string]string{
		h.patron.Id: "patron", h.other.Id: "other", h.librarian.Id: "librarian", h.inactive.Id: "inactive",
		phone.Id: "phone", dead.Id: "dead", theirs.Id: "theirs", off.Id: "off", gone.Id: "gone", "": "-",
	}
	a := h.Do(t, h.root, "POST", pushPath, m{
		"title": "Hello", "body": "There", "data": m{"page": "1"},
		"users": []string{h.patron.Id, h.other.Id, h.librarian.Id, h.inactive.Id, "nobody", h.patron.Id},
	})
	want := []string{
		"patron phone true -", "patron dead false unregistered", "other theirs false quota",
		"librarian - false channel_off", "inactive - false no_device", "nobody - false no_device",
	}
	if got := h.results(a, names); a.Status != 200 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d\n%s\nwant\n%s", a.Status, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p := h.fcm.Pushes(); len(p) != 1 || p[0].Token != "phone" || p[0].Notification.Title != "Hello" || p[0].Data["page"] != "1" {
		t.Errorf("pushed %+v", p)
	}
	if h.fresh(t, dead) != nil || h.fresh(t, phone) == nil || h.fresh(t, theirs) == nil {
		t.Error("the wrong devices are gone")
	}
}

func TestPushTakesTokensOfNoDevice(t *testing.T) {
	h := openOut(t)
	phone := h.device(t, h.patron, "phone")
	gone := h.device(t, h.inactive, "of-the-inactive")
	a := h.Do(t, h.root, "POST", pushPath, m{"title": "T", "tokens": []string{"unknown", "phone", "bad-one", "mismatch-1", "down-1", "message-1", "of-the-inactive", ""}})
	want := []string{
		"- - true -", "patron phone true -", "- - false invalid", "- - false mismatch", "- - false unavailable", "- - false refused",
		"inactive gone false no_device", "- - false invalid",
	}
	got := h.results(a, map[string]string{h.patron.Id: "patron", h.inactive.Id: "inactive", phone.Id: "phone", gone.Id: "gone", "": "-"})
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\nwant %v", got, want)
	}
	if len(h.fcm.Pushes()) != 2 {
		t.Errorf("pushed %+v", h.fcm.Pushes())
	}
}

func TestPushRefusesWhatIsNoMessage(t *testing.T) {
	h := openOut(t)
	many := make([]string, targetsMost+1)
	for i := range many {
		many[i] = fmt.Sprint("token", i)
	}
	for _, tc := range []struct {
		body        m
		field, code string
	}{
		{m{"tokens": []string{"a"}}, "title", "validation_required"},
		{m{"title": strings.Repeat("é", 201), "tokens": []string{"a"}}, "title", "validation_length_out_of_range"},
		{m{"title": "T", "body": strings.Repeat("é", 2001), "tokens": []string{"a"}}, "body", "validation_length_too_long"},
		{m{"title": "T"}, "users", "targets_missing"},
		{m{"title": "T", "tokens": many}, "tokens", "targets_too_many"},
		{m{"title": "T", "users": many}, "users", "targets_too_many"},
		{m{"title": "T", "tokens": []string{"a"}, "data": m{"n": 1}}, "data", "data_invalid"},
		{m{"title": "T", "tokens": []string{"a"}, "data": m{"n": strings.Repeat("x", 5000)}}, "data", "data_too_large"},
	} {
		refusedBy(t, h.Do(t, h.librarian, "POST", pushPath, tc.body), tc.field, tc.code)
	}
	if n := h.fcm.Tries(); n != 0 {
		t.Errorf("%d were sent all the same", n)
	}
	if a := h.Do(t, h.librarian, "POST", pushPath, `{"title": 1`); a.Status != 400 {
		t.Errorf("no JSON: %d", a.Status)
	}
}
