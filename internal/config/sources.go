package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"
	"github.com/spf13/pflag"
)

// dotenv is the file in the working folder that is read beside the environment.
const dotenv = ".env"

// InForce is a setting as it is in force and where it comes from.
type InForce struct {
	Setting
	Value string // as it was written; empty for a secret
	Set   bool   // it is not empty
	From  string // default, .env, environment, flag or argument, and by which name
}

// sources are where settings come from, the first that has one wins.
type sources struct {
	flags    *pflag.FlagSet
	env      map[string]string
	file     map[string]string
	warnings []string
}

// read reads all sources.
func read(args []string) (*sources, error) {
	set := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	set.ParseErrorsAllowlist.UnknownFlags = true
	set.Usage = func() {}
	Flags(set)
	if err := set.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		return nil, err
	}
	file, err := readDotenv()
	if err != nil {
		return nil, err
	}
	s := &sources{flags: set, env: map[string]string{}, file: file}
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, Prefix) {
			s.env[name] = value
		}
	}
	s.warn(s.env, "")
	s.warn(s.file, " in "+dotenv)
	return s, nil
}

// find returns the value of a setting and where it comes from.
func (s *sources) find(setting Setting) (value, from string, err error) {
	if setting.Name == "DOMAINS" && s.flags.Arg(0) == "serve" && s.flags.NArg() > 1 {
		return strings.Join(s.flags.Args()[1:], ","), "argument", nil
	}
	if setting.Flag != "" && s.flags.Changed(setting.Flag) {
		value, err = s.flags.GetString(setting.Flag)
		return value, "flag --" + setting.Flag, err
	}
	for _, source := range []struct {
		name   string
		values map[string]string
	}{{"environment", s.env}, {dotenv, s.file}} {
		name := Prefix + setting.Name
		value, path := source.values[name], ""
		if setting.Secret {
			path = source.values[name+FileSuffix]
		}
		switch {
		case value != "" && path != "":
			return "", "", fmt.Errorf("%s and %s%s are both set in the %s: take one of them away", name, name, FileSuffix, source.name)
		case value != "":
			return value, source.name, nil
		case path != "":
			if value, err = readSecret(path); err != nil {
				return "", "", fmt.Errorf("%s%s %q: %w", name, FileSuffix, path, err)
			}
			return value, source.name + " (" + name + FileSuffix + ")", nil
		}
	}
	return setting.Default, "default", nil
}

// readSecret reads a file with a secret and, mostly, the end of a line.
func readSecret(path string) (string, error) {
	const most = 4096
	f, err := os.Open(path)
	if err != nil {
		return "", reason(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", reason(err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	switch {
	case len(text) > most:
		return "", fmt.Errorf("holds more than %d bytes", most)
	case secret == "":
		return "", errors.New("is empty")
	case strings.ContainsAny(secret, "\r\n\x00"):
		return "", errors.New("holds more than one line")
	}
	return secret, nil
}

// reason is what an error says without the path, which stands before it.
func reason(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// readDotenv reads the file, if it is there. Its errors repeat nothing of it.
func readDotenv() (map[string]string, error) {
	text, err := os.ReadFile(dotenv)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s in the working folder cannot be read: %w", dotenv, reason(err))
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	values, err := godotenv.UnmarshalBytes(text)
	if err == nil {
		return values, nil
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := len(lines) - 1; n >= 0; n-- {
		if _, err := godotenv.UnmarshalBytes(bytes.Join(lines[:n], nil)); err == nil {
			return nil, fmt.Errorf("%s, line %d: want NAME=value, or a value in quotes that are closed", dotenv, n+1)
		}
	}
	return nil, fmt.Errorf("%s: want lines of NAME=value", dotenv)
}

// warn notes the variables that look like settings and are none.
func (s *sources) warn(values map[string]string, where string) {
	var names []string
	for _, setting := range Settings() {
		names = append(names, Prefix+setting.Name)
		if setting.Secret {
			names = append(names, Prefix+setting.Name+FileSuffix)
		}
	}
	var unknown []string
	for name := range values {
		if strings.HasPrefix(name, Prefix) && !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		text := fmt.Sprintf("%s%s is no setting and is not heeded", name, where)
		if near := nearest(name, names); near != "" {
			text += ": did you mean " + near + "?"
		}
		s.warnings = append(s.warnings, text)
	}
}

// nearest returns the name that takes the fewest changes of a letter, if that
// is few enough to be a slip.
func nearest(name string, names []string) string {
	best, fewest := "", 4
	for _, n := range names {
		if d := distance(name, n); d < fewest {
			best, fewest = n, d
		}
	}
	return best
}

// distance is how many letters are to be put in, taken away or changed to make
// b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
