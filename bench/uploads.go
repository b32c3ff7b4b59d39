package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// uploads sends eight large files at once, watches the memory of the server and
// its children until all previews are made, and again a minute later.
func uploads(b *bench) (figures []figure, err error) {
	files, said, err := b.largeFiles()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "uploads")
	s, err := b.serveLibrary(dir)
	if err != nil {
		return nil, err
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	if err := inDatabase(dir, fillUsers); err != nil {
		return nil, err
	}
	if s, err = b.serveLibrary(dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	token, err := s.signIn(asker)
	if err != nil {
		return nil, err
	}

	peak := watch(func() (float64, error) { return resident(s.pid()) })
	began := time.Now()
	errs := make([]error, len(files))
	var all sync.WaitGroup
	for i, path := range files {
		all.Go(func() { errs[i] = s.upload(token, path) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	states, err := s.settled(token)
	if err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	mb, err := peak()
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Minute)
	idle, err := resident(s.pid())
	if err != nil {
		return nil, err
	}
	return []figure{
		shown(figure{What: fmt.Sprintf("%d uploads at once: peak memory", len(files)), Data: said, Unit: "MB", Ours: mb, Most: 512}),
		shown(figure{What: "… until all were " + states, Data: said, Unit: "s", Ours: took}),
		shown(figure{What: "… memory a minute later", Data: "server and children", Unit: "MB", Ours: idle, Most: 60}),
	}, nil
}

func (b *bench) largeFiles() (files []string, said string, err error) {
	for _, of := range []func() (string, error){
		func() (string, error) { return b.photograph(6000, 4000) },
		func() (string, error) { return b.photograph(8000, 6000) },
		func() (string, error) { return b.scan(7000, 5000) },
		func() (string, error) { path, _, err := b.pdf(); return path, err },
		func() (string, error) { return b.generated("long.pdf", longPDF) },
		func() (string, error) { path, _, err := b.epub(); return path, err },
	} {
		path, err := of()
		if err != nil {
			return nil, "", err
		}
		files = append(files, path)
	}
	if !installed("ffmpeg") {
		return files, "JPEG of 24 and 48 MP, PNG of 35, 2 PDF, EPUB; no FFmpeg", nil
	}
	video, err := b.video()
	return append(files, video, video), "JPEG of 24 and 48 MP, PNG of 35, 2 PDF, EPUB, 2 MP4", err
}

func longPDF(path string) error { return os.WriteFile(path, manyPages(2000), 0o600) }

// upload makes a document of a file.
func (s *server) upload(token, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", filepath.Base(path))
	if err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	if err := form.Close(); err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, s.base+"/api/collections/documents/records", io.Reader(&body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	_, err = s.do(req)
	return err
}

// settled waits until no document is processing and says what became of them.
func (s *server) settled(token string) (string, error) {
	for began := time.Now(); time.Since(began) < 5*time.Minute; time.Sleep(250 * time.Millisecond) {
		body, err := s.getAs(token, "/api/collections/documents/records?fields=state,stateDetail")
		if err != nil {
			return "", err
		}
		var answer struct {
			Items []struct{ State, StateDetail string }
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return "", err
		}
		count := map[string]int{}
		for _, d := range answer.Items {
			count[d.State]++
		}
		switch {
		case count["processing"] > 0:
		case count["failed"] > 0:
			return fmt.Sprintf("ready, but %d failed", count["failed"]), nil
		default:
			return "ready", nil
		}
	}
	return "", errors.New("previews are not done after five minutes")
}
