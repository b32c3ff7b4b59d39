package accounts

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/media"
	"onlibrary/internal/schema"
)

// photo is a PNG of so many pixels.
func photo(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestProvidersPictureComesWithTheAccount(t *testing.T) {
	small := photo(t, 20, 20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/photo" {
			http.Redirect(w, r, "/photo", http.StatusFound)
			return
		}
		_, _ = w.Write(small)
	}))
	t.Cleanup(server.Close)
	r := &room{reachable: func(netip.Addr) bool { return true }}
	file, err := r.fetch(t.Context(), server.URL+"/moved")
	if err != nil {
		t.Fatal(err)
	}
	h := openWithProvider(t, schema.ActivationNone)
	h.given(file)
	if a := h.signInBy(nil, person("zoe"), nil); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	u := h.byAddress("zoe@example.org")
	avatar := u.GetString("avatar")
	if !strings.HasSuffix(avatar, ".png") {
		t.Fatalf("avatar %q", avatar)
	}
	files, _ := h.ask(u, "POST", "/api/files/token", nil).at("token").(string)
	if a := h.ask(nil, "GET", "/api/files/users/"+u.Id+"/"+avatar+"?token="+files, nil); a.status != 200 || a.raw != string(small) {
		t.Errorf("the picture: %d, %d bytes", a.status, len(a.raw))
	}
}

// given has every sign-up by a provider bring a picture.
func (h *house) given(file *filesystem.File) {
	h.OnRecordAuthWithOAuth2Request(schema.Users).Bind(on("given", func(e *core.RecordAuthWithOAuth2RequestEvent) error {
		e.CreateData = map[string]any{"avatar": file}
		return e.Next()
	}))
}

func TestUnfitPictureOfAProviderIsLeftOut(t *testing.T) {
	for name, content := range map[string][]byte{
		"a page": []byte("<html><script>alert(1)</script></html>"), "a vast one": photo(t, media.MaxSide+1, 1),
		"a broken one": photo(t, 20, 20)[:20], "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			file, err := filesystem.NewFileFromBytes(append(content, ' '), "avatar")
			if err != nil {
				t.Fatal(err)
			}
			h := openWithProvider(t, schema.ActivationNone)
			h.given(file)
			if a := h.signInBy(nil, person("zoe"), nil); a.status != 200 || h.byAddress("zoe@example.org").GetString("avatar") != "" {
				t.Errorf("%d %s", a.status, a.raw)
			}
		})
	}
}

// What a provider says is no way into the network that the library stands in.
func TestProvidersPictureIsNotFetchedFromWithin(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	h := openWithProvider(t, schema.ActivationNone)
	for i, at := range []string{
		server.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0x7f.1:" + port, "http://0.0.0.0:" + port,
		"http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "javascript:alert(1)", "//" + strings.TrimPrefix(server.URL, "http://"), "\x00",
	} {
		p := person("zoe" + string(rune('a'+i)))
		p["picture"] = at
		if a := h.signInBy(nil, p, nil); a.status != 200 || a.at("record", "avatar") != "" {
			t.Errorf("%q: %d %s", at, a.status, a.raw)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests reached a server on this machine", n)
	}
}

func TestPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true, "::ffff:93.184.216.34": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "::ffff:127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "fe80::1": false, "fd00::1": false, "fec0::1": false, "100.100.100.200": false, "0.0.0.0": false, "0.1.2.3": false,
		"::": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "240.0.0.1": false, "198.18.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2001:0:1::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestProvidersPictureIsBounded(t *testing.T) {
	var turns atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			_, _ = io.Copy(w, io.LimitReader(zeros{}, pictureMost+1))
		case "/round":
			turns.Add(1)
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/gone":
			http.Error(w, "gone", http.StatusGone)
		default:
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	r := &room{reachable: func(netip.Addr) bool { return true }}
	for path, want := range map[string]string{
		"/large": "more than", "/round": "too many redirects", "/gone": "410", "/slow": "deadline",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), pictureWait)
		if path == "/slow" {
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		}
		_, err := r.fetch(ctx, server.URL+path)
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if n := turns.Load(); n != redirects+1 {
		t.Errorf("%d turns round", n)
	}
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
