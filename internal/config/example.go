package config

import "strings"

// Example returns the text of .env.example: every setting, commented out.
func Example() string {
	var b strings.Builder
	b.WriteString("# Settings of OnLibrary. Copy this file to .env and take away the # of what you set.\n" +
		"# A variable of the environment wins over this file, a flag over both.\n")
	for _, s := range Settings() {
		b.WriteString("\n# " + sentence(s.Help))
		if s.Flag != "" {
			b.WriteString(" (--" + s.Flag + ")")
		}
		if s.Secret {
			b.WriteString(" (secret; or the path of a file with it: " + Prefix + s.Name + FileSuffix + ")")
		}
		b.WriteString(".\n#" + Prefix + s.Name + "=" + s.Default + "\n")
	}
	return b.String()
}
