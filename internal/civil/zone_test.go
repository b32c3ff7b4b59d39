package civil

import (
	"strings"
	"testing"
)

func TestLoadZone(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Paris", "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "Australia/Lord_Howe", "EST5EDT", "America/Port-au-Prince"} {
		zone, err := LoadZone(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if zone.String() != name {
			t.Errorf("%s: got %s", name, zone)
		}
	}
	for _, name := range []string{
		"", "Local", "Factory", "Mars/Phobos", "europe/paris", "posix/Europe/Paris", "right/Europe/Paris", "localtime", "posixrules", "zone.tab",
		"../../etc/passwd", "/etc/localtime", `\UTC`, "Europe/../UTC", "Europe//Paris", "Europe/", "UTC\x00", "UTC ", " UTC", "\xff",
		"Europe/Paris" + strings.Repeat("x", MaxZone), strings.Repeat("A", 10<<10),
	} {
		if zone, err := LoadZone(name); err == nil {
			t.Errorf("%.40q: loaded %s", name, zone)
		}
	}
}
