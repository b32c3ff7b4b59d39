package config

import "strings"

// Example returns the text of .env.example: every setting, commented out.
func Example() string {
	var b strings.Builder
	b.WriteString("# Settings of OnLibrary. Copy this file to .env and take away the # of what you set.\n" +
		"# A variable of the environment wins over this file, a flag over both.\n")
	for _, s := range Settings() {
		b.WriteString("\n# " + strings.ToUpper(s.Help[:1]) + s.Help[1:])
		if s.Flag != "" {
			b.WriteString(" (--" + s.Flag + ")")
		}
		b.WriteString(".\n#" + Prefix + s.Name + "=" + s.Default + "\n")
	}
	return b.String()
}
