package flask_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onlibrary/internal/flask"
)

func TestRowsExportedAsJSONAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, table := range flask.Tables() {
		text := ""
		if table == flask.Categories {
			// With the mark that sqlcmd begins a file with, and out of order.
			text = "\uFEFF{\"id\":2,\"code\":\"B\",\"created_at\":\"2024-02-29T13:14:15\"}\r\n{\"ID\":1,\"code\":\"Ação\",\"name\":null}   \r\n"
		}
		if err := os.WriteFile(filepath.Join(dir, table+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source, err := flask.Open(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range source.Rows(t.Context(), flask.Categories) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Text("code")+row.Text("name"))
	}
	if strings.Join(got, " ") != "Ação B" {
		t.Errorf("read %v", got)
	}
	if err := os.Remove(filepath.Join(dir, "log.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := flask.Open(t.Context(), dir, ""); err == nil || !strings.Contains(err.Error(), "log") {
		t.Errorf("a missing table: %v", err)
	}
}

func TestErrorsDoNotShowTheAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://u:s3cret%zz@127.0.0.1/x", "mysql://u:s3cret@127.0.0.1:1/x?what=1", "postgres://u:s3cret@127.0.0.1:1/x?connect_timeout=no",
		"mysql://u:s3cret@127.0.0.1:1/x", "postgres://u:s3cret@127.0.0.1:1/x", "mssql://u:s3cret@127.0.0.1/x",
	} {
		if _, err := flask.Open(t.Context(), address, ""); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}
