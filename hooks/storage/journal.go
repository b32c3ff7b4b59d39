package storage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

// journal remembers, over a kill, which copies are right: a line for each, with
// its size and key, below one that says of which move.
type journal struct {
	mu    sync.Mutex
	file  *os.File
	sizes map[string]int64
}

// openJournal takes up the journal of the same move, or begins one.
func openJournal(path, move string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	j := &journal{file: f, sizes: map[string]int64{}}
	if err := j.load(move); err != nil {
		return nil, errors.Join(fmt.Errorf("read the journal %s: %w", path, err), f.Close())
	}
	return j, nil
}

// load reads whole lines; what a kill left of one is cut off.
func (j *journal) load(move string) error {
	lines := bufio.NewReader(j.file)
	var end int64
	for first := true; ; first = false {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		text := string(bytes.TrimSuffix(line, []byte("\n")))
		if first && text != move {
			break
		}
		if size, key, ok := strings.Cut(text, " "); ok && !first {
			if n, err := strconv.ParseInt(size, 10, 64); err == nil {
				j.sizes[key] = n
			}
		}
		end += int64(len(line))
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	if _, err := j.file.Seek(end, io.SeekStart); err != nil {
		return err
	}
	if end > 0 {
		return nil
	}
	_, err := fmt.Fprintln(j.file, move)
	return err
}

// size is that of a copy that is right, if it is.
func (j *journal) size(key string) (int64, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, ok := j.sizes[key]
	return n, ok
}

func (j *journal) add(key string, size int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sizes[key] = size
	if _, err := fmt.Fprintf(j.file, "%d %s\n", size, key); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if err := j.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// remove ends a move that is done.
func (j *journal) remove() error { return errors.Join(j.close(), os.Remove(j.file.Name())) }
