// Package swap puts one set of files in the place of a data folder's and keeps
// the old ones aside, so that a kill at any point leaves the old or the new
// whole, or what the next Settle makes whole.
package swap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// Stage is the folder, in the data folder, where new files wait.
	Stage = ".restore"
	// Aside is the folder, in the data folder, that keeps old files: each
	// exchange's in a folder of its own.
	Aside   = "replaced"
	fresh   = "new" // in the stage
	journal = "journal.json"
)

// Swap is an exchange that is being made ready.
type Swap struct {
	dir   string
	aside string
	plan  plan
	made  string // the topmost folder that was made for it, or empty
}

// plan is what an exchange moves. It is the journal while it is under way.
type plan struct {
	Aside  string  `json:"aside"` // name in Aside
	Places []place `json:"places"`
}

// place is a folder whose entries are exchanged: the data folder, or one in it
// that is a file system of its own and so cannot be moved itself.
type place struct {
	Dir string   `json:"dir"` // "." or a name in the data folder
	Old []string `json:"old"`
	New []string `json:"new"`
}

// Begin makes ready for an exchange of all that is in the folder but the names
// in keep. The old files will be kept in a folder named aside. The folder is made if
// there is none. Nobody else may use it: see Settle.
func Begin(dir, aside string, keep []string) (*Swap, error) {
	s := &Swap{dir: dir, aside: aside, plan: plan{Aside: aside, Places: []place{{Dir: "."}}}}
	var err error
	if s.made, err = makeFolder(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	keep = append([]string{Stage, Aside, "lost+found"}, keep...)
	for _, e := range entries {
		name := e.Name()
		if slices.Contains(keep, name) {
			continue
		}
		apart, err := isApart(dir, name)
		if err != nil {
			return nil, err
		}
		if !apart {
			s.plan.Places[0].Old = append(s.plan.Places[0].Old, name)
			continue
		}
		p := place{Dir: name}
		inside, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for _, e := range inside {
			if !slices.Contains([]string{Stage, Aside, "lost+found"}, e.Name()) {
				p.Old = append(p.Old, e.Name())
			}
		}
		s.plan.Places = append(s.plan.Places, p)
	}
	if err := s.clear(); err != nil {
		return nil, err
	}
	for _, p := range s.plan.Places {
		if err := os.MkdirAll(filepath.Join(s.stage(p), fresh), 0o700); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// makeFolder makes a folder and those above it, and returns the topmost that it made.
func makeFolder(dir string) (made string, err error) {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		made = at
	}
	return made, os.MkdirAll(dir, 0o700)
}

// Path is where a file waits that will have the name, with slashes, in the data folder.
func (s *Swap) Path(name string) string {
	first, rest, deep := strings.Cut(name, "/")
	if deep {
		for _, p := range s.plan.Places[1:] {
			if p.Dir == first {
				return filepath.Join(s.stage(p), fresh, filepath.FromSlash(rest))
			}
		}
	}
	return filepath.Join(s.stage(s.plan.Places[0]), fresh, filepath.FromSlash(name))
}

// Stages are the folders in which files wait, one for each file system that is
// concerned. All paths of Path lie in them.
func (s *Swap) Stages() []string {
	var dirs []string
	for _, p := range s.plan.Places {
		dirs = append(dirs, s.stage(p))
	}
	return dirs
}

// Kept are the folders that will hold the old files; none where there are none.
func (s *Swap) Kept() []string {
	var dirs []string
	for _, p := range s.plan.Places {
		if len(p.Old) > 0 {
			dirs = append(dirs, filepath.Join(s.dir, p.Dir, Aside, s.aside))
		}
	}
	return dirs
}

// Abandon removes all that was made ready.
func (s *Swap) Abandon() error {
	if s.made != "" {
		return os.RemoveAll(s.made)
	}
	return s.clear()
}

func (s *Swap) clear() error {
	var failed []error
	for _, p := range s.plan.Places {
		failed = append(failed, os.RemoveAll(s.stage(p)))
	}
	return errors.Join(failed...)
}

func (s *Swap) stage(p place) string { return filepath.Join(s.dir, p.Dir, Stage) }

// Commit brings what waits to the disk and exchanges it. An error that is no
// ErrHalf has changed nothing.
func (s *Swap) Commit() error {
	for i, p := range s.plan.Places {
		if err := flushAll(s.stage(p)); err != nil {
			return fmt.Errorf("bring the files to the disk: %w", err)
		}
		entries, err := os.ReadDir(filepath.Join(s.stage(p), fresh))
		if err != nil {
			return err
		}
		for _, e := range entries {
			s.plan.Places[i].New = append(s.plan.Places[i].New, e.Name())
		}
	}
	if err := s.plan.write(s.dir); err != nil {
		return fmt.Errorf("note what is to be exchanged: %w", err)
	}
	return s.plan.carryOut(s.dir)
}
