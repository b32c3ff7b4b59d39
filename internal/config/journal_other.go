//go:build !linux

package config

// Journal tells whether standard error ends in systemd's journal, which only
// Linux has.
func Journal() bool { return false }
