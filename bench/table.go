package main

import (
	"fmt"
	"io"
	"log"
	"strings"
	"text/tabwriter"
)

// A figure is one row of the table. Either Most bounds Ours, or Times bounds
// Ours ÷ Theirs.
type figure struct {
	What, Data   string
	Unit         string
	Ours, Theirs float64 // Theirs is 0 where there is no rival, or it is not installed
	Rival        string
	Most, Times  float64
}

// row is the figure's row: what, data, ours, rival, ratio, target, met.
func (f figure) row() string {
	ours, theirs, ratio, target, met := amount(f.Ours, f.Unit), f.Rival, "", "", ""
	if f.Theirs > 0 {
		theirs = f.Rival + " " + amount(f.Theirs, f.Unit)
		ratio = fmt.Sprintf("%.2f", f.Ours/f.Theirs)
	}
	switch {
	case f.Most > 0:
		target = "≤ " + amount(f.Most, f.Unit)
		met = yes(f.Ours <= f.Most)
	case f.Times > 0:
		target = fmt.Sprintf("≤ %gx", f.Times)
		if met = "?"; f.Theirs > 0 {
			met = yes(f.Ours <= f.Times*f.Theirs)
		}
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", f.What, f.Data, ours, theirs, ratio, target, met)
}

// shown logs the figure as soon as it is known.
func shown(f figure) figure {
	log.Print(strings.ReplaceAll(f.row(), "\t", " | "))
	return f
}

func amount(n float64, unit string) string {
	if n < 10 && unit != "MB" {
		return fmt.Sprintf("%.2f %s", n, unit)
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}

// A section is what one part measured, with the machine's load about it.
type section struct {
	name          string
	before, after string
	figures       []figure
}

func write(w io.Writer, sections []section) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tdata\tours\trival\tratio\ttarget\tmet?")
	for _, s := range sections {
		fmt.Fprintf(tw, "\t\t\t\t\t\t\n%s (load %s to %s)\t\t\t\t\t\t\n", s.name, s.before, s.after)
		for _, f := range s.figures {
			fmt.Fprintln(tw, f.row())
		}
	}
	return tw.Flush()
}
