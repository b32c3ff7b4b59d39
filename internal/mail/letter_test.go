package mail

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	l := Letter{
		Language:   "ar",
		Subject:    "Hello\r\nBcc: all@example.org\x00",
		Greeting:   "Hello <script>alert(1)</script>",
		Paragraphs: []string{"One.", "Two & three."},
		Button:     "Open",
		Link:       "https://books.example.org/verify?token=a.b.c",
		Note:       "A note.",
		From:       "The \"Old\" Library",
	}
	subject, html, text, err := l.Render()
	if err != nil {
		t.Fatal(err)
	}
	if want := "Hello Bcc: all@example.org"; subject != want {
		t.Errorf("subject = %q, want %q", subject, want)
	}
	for _, want := range []string{
		`<html lang="ar" dir="rtl">`, `href="https://books.example.org/verify?token=a.b.c"`,
		"&lt;script&gt;", "Two &amp; three.", "The &#34;Old&#34; Library",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, html)
		}
	}
	if strings.Contains(html, "<script") {
		t.Error("the HTML carries a script")
	}
	want := "Hello <script>alert(1)</script>\n\nOne.\n\nTwo & three.\n\nhttps://books.example.org/verify?token=a.b.c\n\nA note.\n\n-- \nThe \"Old\" Library\n"
	if text != want {
		t.Errorf("text:\n%q\nwant\n%q", text, want)
	}
}

func TestRenderWithoutLink(t *testing.T) {
	_, html, text, err := Letter{Language: "pt-BR", Greeting: "Olá", Paragraphs: []string{"Só isto."}, Button: "Abrir", From: "B"}.Render()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html, "<a ") || !strings.Contains(html, `dir="ltr"`) {
		t.Errorf("HTML:\n%s", html)
	}
	if want := "Olá\n\nSó isto.\n\n-- \nB\n"; text != want {
		t.Errorf("text = %q, want %q", text, want)
	}
}
