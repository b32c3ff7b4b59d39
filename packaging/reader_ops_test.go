//go:build ops

package packaging

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// reader is someone who uses a library over HTTP.
type reader struct {
	t     *testing.T
	base  string
	http  *http.Client
	token string
}

// ask sends a request and decodes the answer into out, unless that is nil.
func (r *reader) ask(method, path, contentType string, body io.Reader, out any) int {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	request.Header.Set("Authorization", r.token)
	response, err := r.http.Do(request)
	if err != nil {
		return 0 // nobody listens
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if response.StatusCode >= 400 {
		r.t.Logf("%s %s: %d %.300s", method, path, response.StatusCode, text)
	} else if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			r.t.Fatalf("%s %s: %v: %.300s", method, path, err, text)
		}
	}
	return response.StatusCode
}

// awaits waits until the library answers.
func (r *reader) awaits() {
	r.t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if r.ask("GET", "/api/health", "", nil, nil) == http.StatusOK {
			return
		}
	}
	r.t.Fatalf("%s does not answer", r.base)
}

// signIn signs a patron in.
func (r *reader) signIn(email, password string) {
	r.t.Helper()
	body, err := json.Marshal(map[string]string{"identity": email, "password": password})
	if err != nil {
		r.t.Fatal(err)
	}
	var answer struct{ Token string }
	if code := r.ask("POST", "/api/collections/users/auth-with-password", "application/json", bytes.NewReader(body), &answer); code != http.StatusOK {
		r.t.Fatalf("%s does not get in: %d", email, code)
	}
	r.token = answer.Token
}

// document is what a reader sees of a document.
type document struct {
	ID, Title, State, StateDetail, Thumbnail, SHA256 string
	FileSize                                         int
}

// uploads puts a file into the library and waits for its preview.
func (r *reader) uploads(name string, content []byte) document {
	r.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		r.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		r.t.Fatal(err)
	}
	var d document
	if code := r.ask("POST", "/api/collections/documents/records", form.FormDataContentType(), &body, &d); code != http.StatusOK {
		r.t.Fatalf("%s is not taken: %d", name, code)
	}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if d = r.sees(d.ID); d.State != "processing" {
			return d
		}
	}
	r.t.Fatalf("%s is still being looked at", name)
	return d
}

// sees reads a document.
func (r *reader) sees(id string) document {
	r.t.Helper()
	var d document
	if code := r.ask("GET", "/api/collections/documents/records/"+id, "", nil, &d); code != http.StatusOK {
		r.t.Fatalf("document %s: %d", id, code)
	}
	return d
}

// picture is a PNG.
func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 * 48 {
		img.Set(i%64, i/64, color.RGBA{uint8(i), uint8(i >> 4), 128, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// film is a second of moving picture, made by this machine's FFmpeg.
func film(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	out, err := exec.Command(testapp.Tool(t, "ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=160x120:rate=10", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// page is a PDF of one page.
func page() []byte {
	var b bytes.Buffer
	var at []int
	b.WriteString("%PDF-1.4\n")
	for i, body := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]>>"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%s endobj\n", i+1, body)
	}
	xref := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", xref)
	return b.Bytes()
}
