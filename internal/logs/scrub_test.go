package logs

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSecretsInQueriesAreRedacted(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                              "",
		"token=abc&thumb=1":             "token=redacted&thumb=1",
		"fileToken=abc":                 "fileToken=redacted",
		"%74oken=abc":                   "%74oken=redacted",
		"code=abc&state=def&page=2":     "code=redacted&state=redacted&page=2",
		"newPassword=x;token=y":         "newPassword=redacted",
		"%zz=abc&a=b":                   "redacted&a=b",
		"filter=title%20~%20'code%3D1'": "filter=title%20~%20'code%3D1'",
	} {
		if got := Query(query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.c2lnbmF0dXJl-_"

func TestScrub(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 "",
		"no room is left":  "no room is left",
		"bad token " + jwt: "bad token redacted",
		"cut " + jwt[:50]:  "cut redacted",
		"/a/" + jwt + "/b": "/a/redacted/b",
		`Get "https://s3.example.org/b?X-Amz-Signature=0f9a&X-Amz-Date=1": EOF`: `Get "https://s3.example.org/b?X-Amz-Signature=redacted&X-Amz-Date=1": EOF`,
		"dial smtp://ann:hunter22@mail.example.org:25":                          "dial smtp://redacted@mail.example.org:25",
		"open https://example.org/verify?token=hunter22, please":                "open https://example.org/verify?token=redacted please",
		"back at /redirect?state=a&code=b":                                      "back at /redirect?state=redacted&code=redacted",
		"Authorization: Bearer hunter22":                                        "Authorization: Bearer redacted",
		"authorization=Basic aHVudGVyMjI=":                                      "authorization=Basic redacted",
		"sent Bearer hunter22-hunter22":                                         "sent Bearer redacted",
		"exit code=3 in state=failed":                                           "exit code=3 in state=failed",
		"a bearer of news, basic authentication":                                "a bearer of news, basic authentication",
		`{"passwordConfirm":"a\"b","title":"c"}`:                                `{"passwordConfirm":"redacted","title":"c"}`,
		"mail to ann@example.org was refused":                                   "mail to ann@example.org was refused",
	} {
		if got := Scrub(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// What is JSON stays JSON: PocketBase's log is scrubbed as such.
func FuzzScrubKeepsJSON(f *testing.F) {
	for _, seed := range []string{jwt, `a"b\`, "?token=x\\", "Authorization: \"x\"", "://a\\@b", "password\x00"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		raw, err := json.Marshal(map[string]any{key: value, "list": []string{value}, "token": value})
		if err != nil {
			t.Fatal(err)
		}
		if scrubbed := Scrub(string(raw)); !json.Valid([]byte(scrubbed)) {
			t.Errorf("%s became %s", raw, scrubbed)
		}
	})
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ação 本 ١":                      "ação 本 ١",
		"a\u009b31mb\u202ec\u200bd\x7f": `a\u009b31mb\u202ec\u200bd\u007f`,
	} {
		if got := printable(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if strings.ContainsRune(printable("a\u2066"), '\u2066') {
		t.Error("a mark of direction is left")
	}
}
