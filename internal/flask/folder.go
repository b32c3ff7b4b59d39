package flask

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// openFolder reads <table>.json files, an object for each row, as SQL Server's
// FOR JSON makes them. A table is held in memory while it is read.
func openFolder(folder string) *Source {
	var table string
	var rows []Row
	return &Source{
		read: func(_ context.Context, name string, after int64) ([]Row, error) {
			if name != table {
				read, err := readFile(filepath.Join(folder, name+".json"))
				if err != nil {
					return nil, err
				}
				table, rows = name, read
			}
			from, _ := slices.BinarySearchFunc(rows, after+1, func(r Row, id int64) int { return cmp.Compare(r.ID(), id) })
			return rows[from:min(len(rows), from+page)], nil
		},
		close: func() error { return nil },
	}
}

func readFile(path string) (rows []Row, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader := bufio.NewReader(f)
	if mark, err := reader.Peek(3); err == nil && string(mark) == "\uFEFF" {
		if _, err := reader.Discard(3); err != nil {
			return nil, err
		}
	}
	d := json.NewDecoder(reader)
	d.UseNumber()
	for {
		var object map[string]any
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		row := Row{}
		for column, value := range object {
			row[strings.ToLower(column)] = value
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.ID(), b.ID()) })
	return rows, nil
}
