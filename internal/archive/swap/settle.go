package swap

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"onlibrary/internal/disk"
)

// ErrHalf is the error for an exchange that stopped half way; the next Settle
// goes on with it.
var ErrHalf = errors.New("the exchange of the files stopped half way; the next start goes on with it")

// Pending tells whether the folder has an exchange that is under way or was cut off.
func Pending(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, Stage))
	return err == nil
}

// Settle ends an exchange that was cut off: it is finished if all was ready, and
// else undone. It tells whether it was finished. Whoever calls it has to see to
// it that nobody works on the folder.
func Settle(dir string) (finished bool, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, Stage, journal))
	if errors.Is(err, fs.ErrNotExist) {
		return false, clearStages(dir)
	}
	if err != nil {
		return false, err
	}
	var p plan
	if err := json.Unmarshal(raw, &p); err != nil {
		return false, fmt.Errorf("read %s: %w", filepath.Join(dir, Stage, journal), err)
	}
	if err := p.check(); err != nil {
		return false, err
	}
	return true, p.carryOut(dir)
}

// clearStages removes what waits for an exchange that is not to be.
func clearStages(dir string) error {
	stages, err := filepath.Glob(filepath.Join(escape(dir), "*", Stage))
	if err != nil {
		return err
	}
	var failed []error
	for _, s := range append(stages, filepath.Join(dir, Stage)) {
		failed = append(failed, os.RemoveAll(s))
	}
	return errors.Join(failed...)
}

// escape has Glob take a path as it is.
func escape(path string) string {
	var out []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' {
			out = append(out, '[', r, ']')
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// check refuses a journal that leads out of the folder.
func (p plan) check() error {
	local := func(name string) bool { return filepath.IsLocal(name) && filepath.Base(name) == name }
	if !local(p.Aside) || len(p.Places) == 0 {
		return errors.New("the journal of an exchange makes no sense")
	}
	for _, at := range p.Places {
		if at.Dir != "." && !local(at.Dir) {
			return errors.New("the journal of an exchange leads elsewhere")
		}
		for _, name := range append(append([]string{}, at.Old...), at.New...) {
			if !local(name) {
				return errors.New("the journal of an exchange leads elsewhere")
			}
		}
	}
	return nil
}

// write makes the plan hold: from here on it is carried out, whatever happens.
func (p plan) write(dir string) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, Stage, journal)
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return err
	}
	return errors.Join(disk.Flush(filepath.Join(dir, Stage)), disk.Flush(dir))
}

// carryOut moves the old files aside and then the new ones into their place.
// Each step can be taken again: what is aside has been moved, and while one of
// the old is not, none of the new has been.
func (p plan) carryOut(dir string) error {
	for _, at := range p.Places {
		for _, name := range at.Old {
			if err := p.putAside(dir, at, name); err != nil {
				return p.undo(dir, err)
			}
		}
	}
	if err := p.flushPlaces(dir); err != nil {
		return errors.Join(ErrHalf, err)
	}
	for _, at := range p.Places {
		root := filepath.Join(dir, at.Dir)
		for _, name := range at.New {
			err := os.Rename(filepath.Join(root, Stage, fresh, name), filepath.Join(root, name))
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // it is there already
				return errors.Join(ErrHalf, err)
			}
		}
	}
	if err := p.flushPlaces(dir); err != nil {
		return errors.Join(ErrHalf, err)
	}
	return p.end(dir)
}

func (p plan) putAside(dir string, at place, name string) error {
	root := filepath.Join(dir, at.Dir)
	aside := filepath.Join(root, Aside, p.Aside)
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(aside, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(filepath.Join(root, name), filepath.Join(aside, name))
}

// undo moves the old files back, unless one of the new is in their place.
func (p plan) undo(dir string, cause error) error {
	for _, at := range p.Places {
		for _, name := range at.New {
			if _, err := os.Lstat(filepath.Join(dir, at.Dir, Stage, fresh, name)); err != nil {
				return errors.Join(ErrHalf, cause, err)
			}
		}
	}
	for _, at := range p.Places {
		root := filepath.Join(dir, at.Dir)
		for _, name := range at.Old {
			aside := filepath.Join(root, Aside, p.Aside, name)
			if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err := os.Rename(aside, filepath.Join(root, name)); err != nil {
				return errors.Join(ErrHalf, cause, err)
			}
		}
		// Fails where something is in it, which then is not ours to remove.
		_ = os.Remove(filepath.Join(root, Aside, p.Aside))
	}
	if err := p.end(dir); err != nil {
		return errors.Join(ErrHalf, cause, err)
	}
	return cause
}

// end forgets the plan, and then what is left of the stages.
func (p plan) end(dir string) error {
	if err := os.Remove(filepath.Join(dir, Stage, journal)); err != nil {
		return err
	}
	if err := disk.Flush(filepath.Join(dir, Stage)); err != nil {
		return err
	}
	var failed []error
	for _, at := range p.Places {
		failed = append(failed, os.RemoveAll(filepath.Join(dir, at.Dir, Stage)))
	}
	return errors.Join(failed...)
}

func (p plan) flushPlaces(dir string) error {
	var failed []error
	for _, at := range p.Places {
		root := filepath.Join(dir, at.Dir)
		if len(at.Old) > 0 {
			failed = append(failed, disk.Flush(filepath.Join(root, Aside)), disk.Flush(filepath.Join(root, Aside, p.Aside)))
		}
		failed = append(failed, disk.Flush(filepath.Join(root, Stage, fresh)), disk.Flush(root))
	}
	return errors.Join(failed...)
}
