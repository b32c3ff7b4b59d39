package metrics

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"
)

const grafana = "../../packaging/grafana/"

// named finds the names of metrics in an expression; those of a histogram's
// parts are the histogram's.
func named(expression string) map[string]bool {
	found := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(?:onlibrary|go|process)_[a-z0-9_]+`).FindAllString(expression, -1) {
		for _, part := range []string{"_bucket", "_count", "_sum"} {
			if strings.HasSuffix(name, "_seconds"+part) {
				name = strings.TrimSuffix(name, part)
			}
		}
		found[name] = true
	}
	return found
}

// check parses an expression of Grafana's or Prometheus's, and looks for its
// metrics and labels in a scrape.
func check(t *testing.T, where, expression string, families map[string]*dto.MetricFamily) {
	t.Helper()
	parsed, err := metricsql.Parse(strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(expression))
	if err != nil {
		t.Errorf("%s: %s: %v", where, expression, err)
		return
	}
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		m, ok := e.(*metricsql.MetricExpr)
		if !ok {
			return
		}
		for _, filters := range m.LabelFilterss {
			if len(filters) == 0 || filters[0].Value == "up" {
				continue
			}
			var family *dto.MetricFamily
			for name := range named(filters[0].Value) {
				family = families[name]
			}
			if family == nil {
				t.Errorf("%s: no metric %s", where, filters[0].Value)
				continue
			}
			for _, filter := range filters[1:] {
				if filter.Label != "instance" && filter.Label != "job" && !labelled(family, filter.Label) {
					t.Errorf("%s: %s has no label %s", where, filters[0].Value, filter.Label)
				}
			}
		}
	})
}

func labelled(family *dto.MetricFamily, label string) bool {
	for _, l := range family.GetMetric()[0].GetLabel() {
		if l.GetName() == label {
			return true
		}
	}
	return false
}

// Whatever the dashboard and the alerts name is measured, and whatever is
// measured is in the dashboard and in the manual.
func TestDashboardAndAlertsAreTrue(t *testing.T) {
	families := busy(t).scrape(t)
	raw, err := os.ReadFile(grafana + "onlibrary.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}
	shown, ids := map[string]bool{}, map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || (p.Type != "row" && len(p.Targets) == 0) {
			t.Errorf("panel %q: number, place or expressions are wrong", p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			check(t, p.Title, target.Expr, families)
			maps.Copy(shown, named(target.Expr))
		}
	}
	for name := range families {
		if strings.HasPrefix(name, namespace) && !shown[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}

	if raw, err = os.ReadFile(grafana + "alerts.yml"); err != nil {
		t.Fatal(err)
	}
	var alerts struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				For         string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(raw)))
	decoder.KnownFields(false)
	if err := decoder.Decode(&alerts); err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			check(t, r.Alert, r.Expr, families)
			if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%s: a severity and a summary are wanted", r.Alert)
			}
			if !strings.Contains(string(manual), "`"+r.Alert+"`") {
				t.Errorf("docs/monitoring.md does not say of %s", r.Alert)
			}
		}
	}
	for name := range families {
		if strings.HasPrefix(name, namespace) && !strings.Contains(string(manual), "`"+name+"`") {
			t.Errorf("docs/monitoring.md does not say of %s", name)
		}
	}
}
