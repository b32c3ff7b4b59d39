package server

import (
	"encoding/json"
	"strings"
	"testing"
)

// config show tells every setting and its source, and no secret, without a database.
func TestConfigShow(t *testing.T) {
	const token = "a-token-of-some-length-4711"
	for _, form := range []string{"table", "--json"} {
		args := []string{"config", "show", "--log-level", "warn"}
		if form == "--json" {
			args = append(args, form)
		}
		c := command(t, t.TempDir()+"/none", args...)
		c.Env = append(c.Env, "ONLIBRARY_METRICS_TOKEN="+token, "ONLIBRARY_LOGLEVEL=debug")
		out, stderr, code := run(t, c)
		if code != 0 || !strings.Contains(stderr, "did you mean ONLIBRARY_LOG_LEVEL?") || strings.Count(stderr, "\n") != 1 {
			t.Fatalf("%d %s", code, stderr)
		}
		for _, secret := range []string{token, password} {
			if strings.Contains(out+stderr, secret) {
				t.Errorf("%s: it tells a secret: %s%s", form, out, stderr)
			}
		}
		if form == "table" {
			for _, line := range []string{"ONLIBRARY_METRICS_TOKEN set environment", "ONLIBRARY_LOG_LEVEL warn flag --log-level", "ONLIBRARY_SENTRY_DSN not set default"} {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), line) {
					t.Errorf("no %q in %s", line, out)
				}
			}
			continue
		}
		var list []shown
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Name == "ONLIBRARY_LOG_LEVEL" && (s.Value == nil || *s.Value != "warn" || s.From != "flag --log-level") || s.Secret && s.Value != nil {
				t.Errorf("%+v", s)
			}
		}
	}
}
