// Proof holds docs/parity.md true: every row names tests that exist, ran and
// passed, and no test stands for more than five rows.
//
//	go test -json ./... | go run ./proof collect FILE   keeps the tests that passed, shows what failed
//	go run ./proof check docs/parity.md FILE TAP…        checks the page against that and what node --test wrote
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "collect":
		return collect(os.Stdin, os.Stdout, args[1])
	case len(args) >= 3 && args[0] == "check":
		return check(args[1], args[2], args[3:])
	}
	return errors.New("want: collect FILE, or check PAGE FILE TAP…")
}
