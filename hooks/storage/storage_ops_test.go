//go:build ops && linux

package storage

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// program builds the program once more, as it is used.
func program(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "onlibrary")
	if out, err := exec.Command("go", "build", "-o", path, "onlibrary").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// A file of 1 GB goes to S3 and comes back whole, in bounded memory: of the
// process, never more than 250 MB in all.
func TestOpsGigabyteOnS3(t *testing.T) {
	const size, most = 1 << 30, 250 << 20
	s3, dir := testapp.StartS3(t), t.TempDir()
	address := strings.Replace(testapp.NewS3(t).Endpoint, "http://", "", 1) // a free port
	serve := exec.Command(program(t), "serve", "--data-dir", dir, "--http", address)
	serve.Env = append(os.Environ(), "ONLIBRARY_SUPERUSER_EMAIL=root@example.org", "ONLIBRARY_SUPERUSER_PASSWORD="+testapp.Password)
	serve.Stderr = os.Stderr
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Kill(); _ = serve.Wait() })
	eventually(t, "it serves", func() bool {
		response, err := http.Get("http://" + address + "/api/health")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	call := func(token, method, path, contentType string, body io.Reader) map[string]any {
		t.Helper()
		request, err := http.NewRequest(method, "http://"+address+path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Authorization", token)
		response, err := new(http.Client).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		raw, err := io.ReadAll(response.Body)
		var answer map[string]any
		if err != nil || response.StatusCode != 200 || json.Unmarshal(raw, &answer) != nil {
			t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, raw, err)
		}
		return answer
	}
	signIn := fmt.Sprintf(`{"identity":"root@example.org","password":%q}`, testapp.Password)
	token := fmt.Sprint(call("", "POST", "/api/collections/_superusers/auth-with-password", "application/json", strings.NewReader(signIn))["token"])
	setting, err := json.Marshal(map[string]any{"s3": s3.S3Config})
	if err != nil {
		t.Fatal(err)
	}
	call(token, "PATCH", "/api/settings", "application/json", bytes.NewReader(setting))

	before, sum := peak(t, serve.Process.Pid), sha256.New()
	body, into := io.Pipe()
	form := multipart.NewWriter(into)
	go func() {
		part, err := form.CreateFormFile("file", "long.txt")
		if err == nil {
			_, err = io.CopyN(io.MultiWriter(part, sum), lines{}, size)
		}
		if err == nil {
			err = form.Close()
		}
		into.CloseWithError(err)
	}()
	began := time.Now()
	doc := call(token, "POST", documents, form.FormDataContentType(), body)
	t.Logf("uploaded 1 GiB in %v; the most memory was %d MB, %d before", time.Since(began).Round(time.Millisecond), peak(t, serve.Process.Pid)>>20, before>>20)
	if got := doc["sha256"]; got != hex.EncodeToString(sum.Sum(nil)) {
		t.Errorf("SHA-256 is %v", got)
	}
	fileToken := fmt.Sprint(call(token, "POST", "/api/files/token", "application/json", nil)["token"])
	began = time.Now()
	response, err := new(http.Client).Get(fmt.Sprintf("http://%s/api/files/documents/%v/%v?token=%s", address, doc["id"], doc["file"], fileToken))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	back := sha256.New()
	if n, err := io.Copy(back, response.Body); err != nil || n != size || !bytes.Equal(back.Sum(nil), sum.Sum(nil)) {
		t.Errorf("%d bytes came back: %v", n, err)
	}
	t.Logf("downloaded it in %v", time.Since(began).Round(time.Millisecond))
	if got := peak(t, serve.Process.Pid); got > most {
		t.Errorf("the most memory was %d MB", got>>20)
	}
}

// lines is a text without end.
type lines struct{}

func (lines) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat("a quiet text\n", len(p)/13+1)), nil
}

// peak is the most memory that a process had, in bytes.
func peak(t testing.TB, pid int) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// The move to S3 and back is killed again and again, at any moment; every file
// arrives whole, and nothing is switched to before.
func TestOpsMigrateOutlivesKills(t *testing.T) {
	s3, app, binary := testapp.StartS3(t), testapp.New(t), program(t)
	sums := map[string]string{}
	for i := range 1000 {
		content := make([]byte, 1<<10)
		if i%100 == 0 {
			content = make([]byte, 20<<20)
		}
		for j := 0; j < len(content); j += 512 {
			content[j] = byte(rand.Uint32())
		}
		f, err := filesystem.NewFileFromBytes(content, "some.txt")
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		doc := testapp.Document(t, app, nil, schema.VisibilityPrivate, func(doc *core.Record) {
			doc.Set("file", f)
			if i%2 == 0 { // the others are compared with the originals alone
				doc.Set("sha256", hex.EncodeToString(sum[:]))
			}
		})
		sums[doc.BaseFilesPath()+"/"+doc.GetString("file")] = hex.EncodeToString(sum[:])
	}
	migrate := func(args ...string) *exec.Cmd {
		c := exec.Command(binary, append([]string{"storage", "migrate", "--data-dir", app.DataDir()}, args...)...)
		c.Stdin = strings.NewReader(s3.Secret)
		return c
	}
	there := bucketFlags(s3)
	for _, args := range [][]string{there, {"--to", "disk", "--delete"}} {
		began := time.Now()
		for kills := 0; ; kills++ {
			c := migrate(args...)
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Wait() }()
			select {
			case err := <-done:
				if err != nil {
					t.Fatalf("%v\n%s", err, &out)
				}
			case <-time.After(300*time.Millisecond + rand.N(3*time.Second)):
				if kills < 25 {
					_ = c.Process.Kill()
					<-done
					continue
				}
				if err := <-done; err != nil {
					t.Fatalf("%v\n%s", err, &out)
				}
			}
			t.Logf("%s: %d kills in %v; %s", args[1], kills, time.Since(began).Round(time.Millisecond), strings.TrimSpace(out.String()))
			break
		}
		if args[1] == "disk" {
			break
		}
		bucket := s3.Open(t)
		for key, want := range sums {
			if _, got, err := digest(bucket, key); err != nil || got != want {
				t.Fatalf("%s: %v", key, err)
			}
		}
	}
	local, err := filesystem.NewLocal(filepath.Join(app.DataDir(), core.LocalStorageDirName))
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	for key, want := range sums {
		if _, got, err := digest(local, key); err != nil || got != want {
			t.Fatalf("%s: %v", key, err)
		}
	}
	if left := s3.Keys(t, ""); len(left) > 0 {
		t.Errorf("%d originals are left", len(left))
	}
}
