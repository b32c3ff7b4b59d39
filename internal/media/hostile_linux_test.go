package media

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// residentOf is the memory of one process alone.
func residentOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		return 0
	}
	return n * int64(os.Getpagesize())
}

// running returns the processes whose command line has that word.
func running(t testing.TB, word string) []int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, dir := range dirs {
		b, err := os.ReadFile(dir)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(strings.Split(dir, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(word)) && !isZombie(pid) {
			out = append(out, pid)
		}
	}
	return out
}

// fakeTool makes a program of a shell script, and a word that marks what it starts.
func fakeTool(t testing.TB, script string) (path, word string) {
	t.Helper()
	// A length of sleep that no one else has.
	word = fmt.Sprintf("%d.%09d", 100000+os.Getpid(), time.Now().UnixNano()%1e9)
	path = filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+strings.ReplaceAll(script, "FOREVER", "sleep "+word)+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, word
}

func TestHostileTool(t *testing.T) {
	t.Parallel()
	film := Type{"video/mp4", KindVideo}
	picture := written(t, "a.jpg", jpegOf(t, quarters(10, 10)))
	for _, apart := range []bool{true, false} {
		for name, c := range map[string]struct{ script, detail string }{
			"sleeps":                 {`FOREVER`, DetailTimeout},
			"forks":                  {`FOREVER & FOREVER`, DetailTimeout},
			"forks and ends":         {`FOREVER & FOREVER & exit 1`, DetailBroken},
			"forks away":             {`setsid sh -c '(FOREVER &) ; FOREVER' >/dev/null 2>&1 </dev/null & sleep 0.2; exit 1`, DetailBroken},
			"forks away and answers": {`setsid FOREVER >/dev/null 2>&1 </dev/null & sleep 0.2; echo '{}'`, DetailUnsupported},
			"ignores TERM":           {`trap '' TERM HUP INT QUIT PIPE XCPU; while :; do FOREVER; done`, DetailTimeout},
			"writes for ever":        {`FOREVER & exec yes`, DetailBroken},
			"complains for ever":     {`FOREVER & exec yes >&2`, DetailTimeout},
			"dies of a fault":        {`FOREVER & kill -SEGV $$`, DetailBroken},
			"exits 139":              {`FOREVER & exit 139`, DetailBroken},
			"takes memory":           {`FOREVER & exec dd if=/dev/zero of=/dev/null bs=900M`, DetailBroken},
			"answers nonsense":       {`echo nonsense`, DetailBroken},
		} {
			t.Run(fmt.Sprintf("%s, apart %v", name, apart), func(t *testing.T) {
				t.Parallel()
				tool, word := fakeTool(t, c.script)
				p := previewer(t, Config{FFmpeg: tool, FFprobe: tool})
				if c.detail == DetailTimeout {
					p.wall = 3 * time.Second
				}
				if !apart {
					p.sandbox = &sandbox{0, "no namespaces"}
				}
				start := time.Now()
				v, err := p.Preview(t.Context(), picture, film)
				if err != nil || v.Detail != c.detail || v.Failed != (c.detail != DetailUnsupported) {
					t.Errorf("%+v, %v", v, err)
				}
				if took := time.Since(start); took > 35*time.Second {
					t.Errorf("took %v", took)
				}
				if left := running(t, word); len(left) > 0 {
					t.Errorf("left running: %v", left)
				}
				if v, err := p.Preview(t.Context(), picture, Type{"image/jpeg", KindImage}); err != nil || v.Thumbnail == nil {
					t.Errorf("the next: %+v, %v", v, err)
				}
			})
		}
	}
}

// TestKilledFromOutside wants another try, not a verdict on the file.
func TestKilledFromOutside(t *testing.T) {
	t.Parallel()
	picture := written(t, "a.jpg", jpegOf(t, quarters(10, 10)))
	for name, victim := range map[string]func(pid int) int{
		"the tool":  func(pid int) int { return parentOf(t, pid) },
		"the child": func(pid int) int { return parentOf(t, parentOf(t, pid)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tool, word := fakeTool(t, "FOREVER; exit 1")
			p := previewer(t, Config{FFmpeg: tool, FFprobe: tool})
			ended := make(chan error, 1)
			go func() {
				_, err := p.Preview(t.Context(), picture, Type{"video/mp4", KindVideo})
				ended <- err
			}()
			for {
				if pids := running(t, word); len(pids) > 0 {
					if err := syscall.Kill(victim(pids[0]), syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			if err := <-ended; err == nil {
				t.Error("no error")
			}
			if left := running(t, word); len(left) > 0 {
				t.Errorf("left running: %v", left)
			}
		})
	}
}

func parentOf(t testing.TB, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := bytes.Cut(b, []byte(") "))
	ppid, err := strconv.Atoi(strings.Fields(string(after))[1])
	if err != nil {
		t.Fatal(err)
	}
	return ppid
}

// TestConfined wants a tool that can neither reach the network, read what is another's,
// write, nor see other processes' environment.
func TestConfined(t *testing.T) {
	t.Parallel()
	secret := written(t, "secret", []byte("secret"))
	out := filepath.Join(t.TempDir(), "out")
	tool, _ := fakeTool(t, `
cat "`+secret+`" >/dev/null 2>&1 && echo '{"streams":[{"codec_type":"video","codec_name":"read"}]}' && exit 0
echo x >"`+out+`" 2>/dev/null && echo '{"streams":[{"codec_type":"video","codec_name":"wrote"}]}' && exit 0
cat /proc/$PPID/environ >/dev/null 2>&1 && echo '{"streams":[{"codec_type":"video","codec_name":"saw"}]}' && exit 0
echo '{}'`)
	if landlockABI() == 0 {
		t.Skip("this kernel has no Landlock")
	}
	p := previewer(t, Config{FFmpeg: tool, FFprobe: tool})
	v, err := p.Preview(t.Context(), written(t, "a", []byte("x")), Type{"video/mp4", KindVideo})
	if err != nil || v.Detail != DetailUnsupported {
		t.Errorf("it could do something: %+v, %v", v, err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("it wrote a file")
	}
}

// TestEightAtOnce wants this process and all its children below 512 MB.
func TestEightAtOnce(t *testing.T) {
	if raceDetected {
		t.Skip("the race detector takes several times the memory")
	}
	p := previewer(t, Config{})
	if err := p.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 4000, 3000))
	files := map[string][]byte{
		"1.jpg": jpegOf(t, quarters(8000, 6000)), "2.jpg": jpegOf(t, quarters(3900, 3900)), "3.png": blackPNG(t, 7000, 7000), "4.png": pngOf(t, deep),
		"5.pdf": pdfOf("x"), "6.epub": epubOf(t, "c.jpg", string(jpegOf(t, quarters(3900, 3900)))), "7.cbz": zipOf(t, "1.png", string(blackPNG(t, 7000, 7000))), "8.pdf": pdfOf("y"),
	}
	own := os.Getpid()
	done := make(chan struct{})
	var peak int64
	var watch, jobs sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				var children int64
				for _, pid := range descendants(own) {
					// Before it runs its program, a new process has the memory of this one.
					if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && bytes.Contains(b, []byte(ChildArg)) {
						children += residentOf(pid)
					}
				}
				peak = max(peak, children)
			}
		}
	})
	for name, data := range files {
		jobs.Go(func() {
			typ, err := inspect(name, data)
			if err != nil {
				t.Error(err)
				return
			}
			if v, err := p.Preview(t.Context(), written(t, name, data), typ); err != nil || v.Thumbnail == nil {
				t.Errorf("%s: %+v, %v", name, v, err)
			}
		})
	}
	jobs.Wait()
	close(done)
	watch.Wait()
	t.Logf("children took %d MB", peak>>20)
	if peak > 400<<20 {
		t.Errorf("children took %d MB", peak>>20)
	}
}
