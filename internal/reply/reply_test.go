package reply

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/tools/router"
	_ "modernc.org/sqlite" // the driver under test

	"onlibrary/internal/fault"
)

func TestError(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.Invalid: 400, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409,
		fault.TooLarge: 413, fault.TooMany: 429, fault.Unavailable: 503,
	} {
		cause := errors.New("the disk is on fire")
		err := Error(fmt.Errorf("wrapped: %w", &fault.Error{Kind: kind, Field: "file", Code: "no_good", Params: map[string]any{"max": 3}, Err: cause}))
		var api *router.ApiError
		if !errors.As(err, &api) || api.Status != want {
			t.Fatalf("%d: %v", kind, err)
		}
		field, _ := api.Data["file"].(map[string]any)
		if field["code"] != "no_good" || fmt.Sprint(field["params"]) != "map[max:3]" {
			t.Errorf("%d: %v", kind, api.Data)
		}
		if logged, ok := api.RawData().(error); !ok || !errors.Is(logged, cause) {
			t.Errorf("%d: the log does not hear of the cause: %v", kind, api.RawData())
		}
	}
	var api *router.ApiError
	if !errors.As(Error(fault.New(fault.Conflict, "taken")), &api) || api.Data[FaultKey] == nil {
		t.Errorf("about no field: %v", api)
	}
	var fields validation.Errors
	if !errors.As(Validation(fault.Field("isbn", "isbn_invalid", nil)), &fields) || fields["isbn"] == nil {
		t.Errorf("a field: %v", fields)
	}
	other := errors.New("other")
	if !errors.Is(Error(other), other) || !errors.Is(Validation(other), other) || Error(nil) != nil || Validation(nil) != nil {
		t.Error("what is no refusal is changed")
	}
}

func TestMachine(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "full.db")+"?_pragma=max_page_count(2)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, full := db.Exec("CREATE TABLE a (b); CREATE TABLE c (d); CREATE TABLE e (f)")
	if full == nil {
		t.Fatal("a database of two pages took three tables")
	}
	for name, tc := range map[string]struct {
		err  error
		code string
	}{
		"database full":       {full, "storage_full"},
		"disk full":           {fmt.Errorf("upload: %w", syscall.ENOSPC), "storage_full"},
		"quota":               {errors.Join(errors.New("x"), syscall.EDQUOT), "storage_full"},
		"broken disk":         {syscall.EIO, "storage_broken"},
		"read only":           {syscall.EROFS, "storage_broken"},
		"the client's fault":  {validation.Errors{"title": validation.ErrRequired}, ""},
		"nothing to tell":     {nil, ""},
		"some other trouble":  {errors.New("x"), ""},
		"a file is not there": {syscall.ENOENT, ""},
	} {
		for _, refusal := range []*router.ApiError{router.NewBadRequestError("", tc.err), router.NewInternalServerError("", tc.err)} {
			got := Machine(refusal)
			var api *router.ApiError
			if !errors.As(got, &api) {
				t.Fatal(got)
			}
			if tc.code == "" {
				if !errors.Is(got, refusal) {
					t.Errorf("%s: %v", name, got)
				}
				continue
			}
			f, _ := api.Data[FaultKey].(map[string]any)
			if api.Status != http.StatusServiceUnavailable || f["code"] != tc.code {
				t.Errorf("%s: %d %v", name, api.Status, api.Data)
			}
		}
	}
	if refusal := router.NewNotFoundError("", syscall.ENOSPC); !errors.Is(Machine(refusal), refusal) || Machine(nil) != nil {
		t.Error("what is no failure is changed")
	}
}
