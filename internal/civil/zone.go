// Package civil knows the calendar and the clocks that people live by: the time
// zones of the IANA database, which is built into the program.
package civil

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a machine without zoneinfo knows the zones too
)

// MaxZone is the length in bytes of the longest zone name that LoadZone takes.
const MaxZone = 64

// LoadZone returns the time zone with the given IANA name, such as
// "America/Sao_Paulo" or "UTC". It refuses "", "Local", paths and whatever else
// a machine's zoneinfo folder holds beside IANA's own names.
func LoadZone(name string) (*time.Location, error) {
	if !isZoneName(name) {
		return nil, fmt.Errorf("no time zone is named %.*q", MaxZone, name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("loading time zone: %w", err)
	}
	return zone, nil
}

func isZoneName(name string) bool {
	if name == "" || len(name) > MaxZone || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	switch name {
	case "Local", "Factory":
		return false
	}
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == "" &&
		!strings.Contains(name, "//")
}
