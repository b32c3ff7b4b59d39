package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	backupFiles    = 400
	backupFileSize = 5 << 20
	backupRounds   = 3
	// backupMost is how long a backup may take of cp's time: its speed is then
	// 0.7 of cp's.
	backupMost = 1 / 0.7
	backupRoot = "root@example.org"
)

// backups measures backup and restore of 2 GB of files beside cp of the same
// files, each until it is on the disk, and what requests wait meanwhile.
func backups(b *bench) (figures []figure, err error) {
	dir := filepath.Join(b.dir, "backup")
	if err := b.fillFiles(dir); err != nil {
		return nil, err
	}
	said := fmt.Sprintf("%d files of %d MB, on the disk at the end", backupFiles, backupFileSize>>20)
	var copied, copiedBack, made, restored []float64
	for range backupRounds {
		for _, step := range []struct {
			took *[]float64
			do   func() error
		}{
			{&copied, func() error { return b.copyFiles(filepath.Join(dir, "storage"), filepath.Join(b.dir, "copy")) }},
			{&made, func() error {
				return b.command("--data-dir", dir, "backup", "create", filepath.Join(b.dir, "backup.zip"))
			}},
			{&copiedBack, func() error { return b.copyFiles(filepath.Join(dir, "storage"), filepath.Join(b.dir, "copy2")) }},
			{&restored, func() error {
				return b.command("--data-dir", filepath.Join(b.dir, "restored"), "backup", "restore", "--yes", filepath.Join(b.dir, "backup.zip"))
			}},
		} {
			began := time.Now()
			if err := step.do(); err != nil {
				return nil, err
			}
			*step.took = append(*step.took, time.Since(began).Seconds())
		}
		if err := same(dir, filepath.Join(b.dir, "restored")); err != nil {
			return nil, err
		}
		for _, left := range []string{"copy", "copy2", "backup.zip", "restored"} {
			if err := os.RemoveAll(filepath.Join(b.dir, left)); err != nil {
				return nil, err
			}
		}
	}
	alone, beside, err := b.besideBackup(dir)
	if err != nil {
		return nil, err
	}
	return []figure{
		shown(figure{What: "backup", Data: said, Unit: "s", Ours: median(made), Rival: "cp", Theirs: median(copied), Times: backupMost}),
		shown(figure{What: "restore", Data: said, Unit: "s", Ours: median(restored), Rival: "cp", Theirs: median(copiedBack), Times: backupMost}),
		shown(figure{What: "list of 30 while the server makes one, p99", Data: fmt.Sprintf("%d documents", backupFiles), Unit: "ms", Ours: beside, Rival: "without", Theirs: alone, Times: 3}),
	}, nil
}

// command runs the library's program to its end.
func (b *bench) command(args ...string) error {
	c := exec.Command(b.program, args...)
	c.Dir = b.dir // no .env of ours
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", args, err, out)
	}
	return nil
}

// copyFiles is the rival.
func (b *bench) copyFiles(from, to string) error {
	for _, args := range [][]string{{"cp", "-r", from, to}, {"sync", "-f", to}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", args, err, out)
		}
	}
	return nil
}

// fillFiles makes a library with files of noise.
func (b *bench) fillFiles(dir string) error {
	s, err := b.serveLibrary(dir)
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	c := exec.Command(b.program, "--data-dir", dir, "superuser", "upsert", backupRoot, password)
	c.Dir = b.dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("make a superuser: %w: %s", err, out)
	}
	return inDatabase(dir, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`UPDATE _params SET value = json_replace(value, '$.rateLimits.enabled', json('false')) WHERE id = 'settings'`); err != nil {
			return err
		}
		var collection string
		if err := tx.QueryRow(`SELECT id FROM _collections WHERE name = 'documents'`).Scan(&collection); err != nil {
			return err
		}
		noise := make([]byte, backupFileSize)
		source := rand.NewChaCha8([32]byte{4})
		for i := range backupFiles {
			_, err := tx.Exec(`INSERT INTO documents (id, code, title, authors, tags, visibility, file, fileName, contentType, fileSize, kind, state, alertEmails, created, updated)
				VALUES (?, ?, ?, '[]', '[]', 'public', 'noise_0123456789.bin', 'noise.bin', 'application/octet-stream', ?, 'other', 'ready', '[]', ?, ?)`,
				documentID(i), fmt.Sprintf("D-%06d", i), fmt.Sprint("Noise ", i), backupFileSize, instant(i), instant(i))
			if err != nil {
				return err
			}
			path := filepath.Join(dir, "storage", collection, documentID(i), "noise_0123456789.bin")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			if _, err := source.Read(noise); err != nil {
				return err
			}
			if err := os.WriteFile(path, noise, 0o600); err != nil {
				return err
			}
		}
		return nil
	})
}

// same fails unless every stored file came back as it was.
func same(dir, restored string) error {
	return filepath.WalkDir(filepath.Join(dir, "storage"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(restored, strings.TrimPrefix(path, dir)))
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("%s came back as another", path)
		}
		return err
	})
}

// besideBackup is how long 99 of 100 lists take at most, in milliseconds, while
// nothing else goes on and while the server makes backups.
func (b *bench) besideBackup(dir string) (alone, beside float64, err error) {
	s, err := b.serveLibrary(dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	resp, err := s.client.PostForm(s.base+"/api/collections/_superusers/auth-with-password", url.Values{"identity": {backupRoot}, "password": {password}})
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	var session struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&session); err != nil {
		return 0, 0, err
	}
	var quiet, busy []float64
	ask := func(into *[]float64) error {
		began := time.Now()
		_, err := s.get("/api/collections/documents/records?perPage=30&skipTotal=true")
		*into = append(*into, time.Since(began).Seconds()*1000)
		return err
	}
	for round := range backupRounds {
		for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(2 * time.Millisecond) {
			if err := ask(&quiet); err != nil {
				return 0, 0, err
			}
		}
		done := make(chan error, 1)
		go func() { done <- s.backup(session.Token, fmt.Sprintf("round%d.zip", round)) }()
		for ended := false; !ended; time.Sleep(2 * time.Millisecond) {
			if err := ask(&busy); err != nil {
				return 0, 0, err
			}
			select {
			case err := <-done:
				if err != nil {
					return 0, 0, err
				}
				ended = true
			default:
			}
		}
	}
	return p99(quiet), p99(busy), nil
}

func (s *server) backup(token, name string) error {
	req, err := http.NewRequest(http.MethodPost, s.base+"/api/backups", strings.NewReader(`{"name":"`+name+`"}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("backup: %s", resp.Status)
	}
	return nil
}

func p99(of []float64) float64 {
	slices.Sort(of)
	return of[min(len(of)-1, len(of)*99/100)]
}
