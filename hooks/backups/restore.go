package backups

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"onlibrary/internal/archive"
	"onlibrary/internal/archive/swap"
	"onlibrary/internal/hold"
)

// restored is what became of a restore.
type restored struct {
	archive *archive.Archive
	kept    []string // folders with the old data
	took    time.Duration
}

// restore puts the library in an archive in the place of the data folder's. It
// reads and compares all of the archive before it writes anything. agree is
// asked before that.
func (r *room) restore(ctx context.Context, path string, identities []age.Identity, agree func(*archive.Archive) error, steps func(what string) func(done, all int64)) (out restored, err error) {
	began := time.Now()
	a, f, err := open(path, identities)
	if err != nil {
		return out, err
	}
	defer within(&err, "close the backup", f.Close)
	held, err := r.alone(false)
	if err != nil {
		return out, err
	}
	defer func() {
		if held != nil {
			within(&err, "let go of the data folder", held.Close)
		}
	}()
	of := func(err error) error { return fmt.Errorf("%s: %w: nothing was changed", path, err) }
	if err := a.Check(ctx, tally(a.Size, steps("reading"))); err != nil {
		return out, of(err)
	}
	asked := time.Now()
	if err := agree(a); err != nil {
		return out, err
	}
	began = began.Add(time.Since(asked))
	_, err = os.Stat(r.DataDir)
	isNew := errors.Is(err, fs.ErrNotExist)
	if !isNew {
		if err := clearAway(r.DataDir); err != nil {
			return out, err
		}
	}
	s, err := swap.Begin(r.DataDir, r.Now().UTC().Format("20060102T150405Z"), r.own())
	if err != nil {
		return out, err
	}
	if held == nil { // it was not there, or nobody ever opened it
		if held, err = r.alone(true); err != nil {
			return out, errors.Join(err, s.Abandon())
		}
	}
	if err := r.fill(ctx, a, s, tally(a.Size, steps("writing"))); err != nil {
		return out, errors.Join(of(err), s.Abandon())
	}
	out.archive, out.kept = a, s.Kept()
	if err := s.Commit(); err != nil {
		if !errors.Is(err, swap.ErrHalf) {
			err = errors.Join(of(err), s.Abandon())
		}
		return out, err
	}
	out.took = time.Since(began)
	return out, nil
}

// alone holds the data folder, which no other program may have open then. It
// makes the file for it only if make.
func (r *room) alone(make bool) (*hold.Folder, error) {
	if _, err := os.Stat(filepath.Join(r.DataDir, hold.Name)); err != nil && !make {
		return nil, nil //nolint:nilnil // nobody has ever held it
	}
	f, err := hold.Share(r.DataDir)
	if err != nil {
		return nil, err
	}
	if err := f.Alone(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: stop the server, or wait for the other command, and try again", err), f.Close())
	}
	return f, nil
}

// fill has the archive's files wait for the exchange, and looks at the database
// there.
func (r *room) fill(ctx context.Context, a *archive.Archive, s *swap.Swap, progress func(int)) error {
	for _, dir := range s.Stages() {
		// With several file systems the files may all go to one of them.
		if err := hasRoom(dir, a); err != nil {
			return err
		}
	}
	own := r.own()
	place := func(name string) string {
		first, _, _ := strings.Cut(name, "/")
		if slices.Contains(own, first) {
			return ""
		}
		return s.Path(name)
	}
	if err := a.Extract(ctx, place, progress); err != nil {
		return err
	}
	if err := archive.CheckLog(ctx, s.Path(logs)); err != nil {
		return err
	}
	return archive.CheckDatabase(ctx, s.Path(database), known)
}

// clearAway ends an exchange that was cut off.
func clearAway(dir string) error {
	if !swap.Pending(dir) {
		return nil
	}
	_, err := swap.Settle(dir)
	return err
}

// Settle finishes or undoes a restore that was cut off, before anybody opens the
// data folder. It fails while one is under way.
func Settle(dataDir string) error {
	if !swap.Pending(dataDir) {
		return nil
	}
	f, err := hold.Share(dataDir)
	if err != nil {
		return err
	}
	err = f.Alone()
	if err == nil {
		err = clearAway(dataDir)
	}
	if errors.Is(err, hold.ErrHeld) {
		err = fmt.Errorf("a backup is being restored: %w", err)
	}
	return errors.Join(err, f.Close())
}

func (r *room) restoreCommand(app core.App) *cobra.Command {
	var identity string
	var yes bool
	c := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the library", Args: cobra.ExactArgs(1),
		Long: "Reads and compares all of a backup, PocketBase's own too, and then puts it in the place of the library, which is kept aside.\n" +
			"The server has to be stopped. A damaged, cut or foreign archive changes nothing; a kill leaves the old library or the new.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && terminal(cmd) == nil {
				return errors.New("no terminal to ask whether to replace the library: say --yes")
			}
			keys, err := identities(cmd, identity)
			if err != nil {
				return err
			}
			path, release, err := r.find(cmd.Context(), app, args[0])
			if err != nil {
				return err
			}
			var m *meter
			steps := func(what string) func(done, all int64) {
				m = newMeter(cmd.ErrOrStderr(), what)
				return m.progress
			}
			out, err := r.restore(cmd.Context(), path, keys, func(a *archive.Archive) error {
				m.end()
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", path, describe(a))
				if yes {
					return nil
				}
				return agree(cmd, "Put it in the place of the library in "+r.DataDir+"?")
			}, steps)
			if m != nil {
				m.end()
			}
			if err := errors.Join(err, release()); err != nil {
				return err
			}
			return tell(cmd, r.DataDir, out)
		},
	}
	c.Flags().StringVar(&identity, "identity", "", "path of a file with age's secret key, for an encrypted backup (else you are asked for a passphrase)")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func tell(cmd *cobra.Command, dir string, out restored) error {
	fmt.Fprintf(cmd.OutOrStdout(), "restored %d files, %s, to %s in %s\n", out.archive.Files, amount(out.archive.Size), dir, speed(out.archive.Size, out.took))
	for _, kept := range out.kept {
		if _, err := os.Stat(kept); err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "what was there is kept in %s: remove it when you are sure\n", kept)
		}
	}
	switch m := out.archive.Manifest; {
	case m.Storage != archive.Bucket:
	case m.FilesInside:
		fmt.Fprintf(cmd.OutOrStdout(), "its settings have the files in a bucket; those of the backup are in %s: see docs/backup.md for how to use them\n", filepath.Join(dir, core.LocalStorageDirName))
	default:
		fmt.Fprintf(cmd.OutOrStdout(), "its files are in a bucket, and not in the backup\n")
	}
	return nil
}
