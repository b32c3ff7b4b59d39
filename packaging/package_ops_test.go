//go:build ops && linux

package packaging

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

const (
	email    = "ada@example.org"
	password = "reading-room-1"
)

// TestOpsPackage takes the Debian package through its life in a fresh Debian
// with systemd as process 1 and without FFmpeg: it is installed, serves, makes
// previews within the bounds of its unit, is started anew when it hangs, is
// upgraded with its data and settings kept, removed and purged, and finds its
// data again.
func TestOpsPackage(t *testing.T) {
	older, newer := deb(t, "0.0.1"), deb(t, "0.0.2")
	b := fresh(t)
	b.given(older, desk+"/older.deb")
	b.given(newer, desk+"/newer.deb")
	b.boots()

	b.runs("apt-get update -qq && apt-get install -y --no-install-recommends ./older.deb")
	b.says("onlibrary version", "onlibrary v0.0.1")
	b.says("stat -c '%a %U:%G' /etc/onlibrary/onlibrary.env /var/lib/onlibrary", "640 root:onlibrary\n700 onlibrary:onlibrary")
	b.says("systemctl is-enabled onlibrary", "enabled")
	b.says("systemctl is-active onlibrary", "active")
	b.says("systemctl is-enabled onlibrary-http.socket onlibrary-https.socket || true", "disabled\ndisabled")
	b.runs("runuser -u nobody -- sh -c '! cat /etc/onlibrary/onlibrary.env && ! ls /var/lib/onlibrary'")
	b.runs("dpkg --verify onlibrary && test -s /usr/share/man/man1/onlibrary-serve.1.gz && test -s /usr/share/bash-completion/completions/onlibrary")
	if got := b.runs("systemd-analyze security --threshold=20 --no-pager onlibrary | tail -n 1"); !strings.Contains(got, "exposure level") {
		t.Error(got)
	}

	b.runs("printf 'ONLIBRARY_SUPERUSER_EMAIL=" + email + "\\nONLIBRARY_SUPERUSER_PASSWORD=" + password + "\\n' >> /etc/onlibrary/onlibrary.env && systemctl restart onlibrary")
	ada := &reader{t: t, base: "http://127.0.0.1:8090", http: &http.Client{Timeout: 30 * time.Second}}
	ada.awaits()
	ada.signIn(email, password)
	pdf := ada.uploads("page.pdf", page())
	png := ada.uploads("picture.png", picture(t))
	for _, d := range []document{pdf, png} {
		if d.State != "ready" || d.StateDetail != "" || d.Thumbnail == "" {
			t.Errorf("no preview: %+v", d)
		}
	}
	// The child that made them is kept apart, and neither it nor the server may call what it likes.
	b.runs(`main=$(systemctl show -P MainPID onlibrary); child=$(cut -d ' ' -f 1 /proc/$main/task/*/children | grep -m 1 .)
		for kind in user pid net ipc; do [ "$(readlink /proc/$main/ns/$kind)" != "$(readlink /proc/$child/ns/$kind)" ] || { echo "$kind is shared"; exit 1; }; done
		for pid in $main $child; do grep -q 'Seccomp:.2' /proc/$pid/status && grep -q 'NoNewPrivs:.1' /proc/$pid/status; done
		grep -q 'CapBnd:.0000000000000400' /proc/$main/status`)
	if d := ada.uploads("film.mp4", film(t)); d.State != "ready" || d.StateDetail != "preview_tool_missing" || d.Thumbnail != "" {
		t.Errorf("without FFmpeg: %+v", d)
	}
	b.says("cd /etc/onlibrary && runuser -u onlibrary -- onlibrary health", "ready")

	// One that hangs is noticed, with less patience than usual.
	b.runs("mkdir -p /run/systemd/system/onlibrary.service.d && printf '[Service]\\nWatchdogSec=6\\n' > /run/systemd/system/onlibrary.service.d/hurry.conf && systemctl daemon-reload && systemctl restart onlibrary")
	hung := b.runs("systemctl show -P MainPID onlibrary")
	b.runs("systemctl kill --kill-whom=main -s STOP onlibrary")
	b.runs("for i in $(seq 60); do [ \"$(systemctl show -P NRestarts onlibrary)\" = 1 ] && [ \"$(systemctl is-active onlibrary)\" = active ] && exit 0; sleep 1; done; exit 1")
	if now := b.runs("systemctl show -P MainPID onlibrary"); now == hung {
		t.Error("it hangs still")
	}
	b.runs("rm /run/systemd/system/onlibrary.service.d/hurry.conf && systemctl daemon-reload && systemctl restart onlibrary")

	// Upgraded, with what was changed in the settings.
	before := b.runs("systemctl show -P MainPID onlibrary; sha256sum /etc/onlibrary/onlibrary.env")
	b.runs("apt-get install -y --no-install-recommends ./newer.deb")
	b.says("onlibrary version", "onlibrary v0.0.2")
	b.says("systemctl is-active onlibrary", "active")
	after := b.runs("systemctl show -P MainPID onlibrary; sha256sum /etc/onlibrary/onlibrary.env")
	pidBefore, sumBefore, _ := strings.Cut(before, "\n")
	pidAfter, sumAfter, _ := strings.Cut(after, "\n")
	if pidBefore == pidAfter || sumBefore != sumAfter {
		t.Errorf("not restarted, or other settings: %q, then %q", before, after)
	}
	ada.awaits()
	if d := ada.sees(pdf.ID); d.SHA256 != pdf.SHA256 || d.Thumbnail != pdf.Thumbnail {
		t.Errorf("%+v, was %+v", d, pdf)
	}

	// Removed: the settings and the library stay.
	said := b.runs("apt-get remove -y onlibrary")
	if !strings.Contains(said, "still in /var/lib/onlibrary") {
		t.Errorf("it does not say where the library is:\n%s", said)
	}
	b.runs("! systemctl is-active onlibrary && ! command -v onlibrary && test -s /etc/onlibrary/onlibrary.env && test -s /var/lib/onlibrary/data.db")
	b.runs("apt-get install -y --no-install-recommends ./newer.deb && systemctl is-active onlibrary && systemctl is-enabled onlibrary")
	// Turned off by someone, it stays off.
	b.runs("systemctl disable --now onlibrary && apt-get install -y --reinstall --no-install-recommends ./newer.deb && ! systemctl is-active onlibrary")
	// Purged: the library stays.
	if said = b.runs("apt-get purge -y onlibrary"); !strings.Contains(said, "still in /var/lib/onlibrary") {
		t.Errorf("it does not say where the library is:\n%s", said)
	}
	b.runs("! test -e /etc/onlibrary && ! test -L /etc/systemd/system/multi-user.target.wants/onlibrary.service && test -s /var/lib/onlibrary/data.db")
	b.says("stat -c '%a %U' /var/lib/onlibrary", "700 onlibrary")
	// Back again.
	b.runs("apt-get install -y --no-install-recommends ./newer.deb")
	ada.awaits()
	ada.signIn(email, password)
	ada.sees(png.ID)
}

// TestOpsRPM has rpm read the package, and install, upgrade and remove it, in a
// root whose programs are Debian's: what the scripts do is what is looked at.
func TestOpsRPM(t *testing.T) {
	rpm := testapp.Tool(t, "rpm")
	find := func(dir string) string {
		found, err := filepath.Glob(filepath.Join(dir, "*.rpm"))
		if err != nil || len(found) != 1 {
			t.Fatalf("packages: %v, %v", found, err)
		}
		return found[0]
	}
	older, newer := find(release(t, "0.0.1")), find(release(t, "0.0.2"))
	if got := do(t, rpm, "-qp", "--requires", older); !strings.Contains(got, "shadow-utils") || strings.Contains(got, "ffmpeg") {
		t.Errorf("it wants %s", got)
	}
	if got := do(t, rpm, "-qp", "--recommends", older); !strings.Contains(got, "/usr/bin/ffmpeg") {
		t.Errorf("it recommends %s", got)
	}
	if got := do(t, rpm, "-qp", "--configfiles", older); strings.TrimSpace(got) != "/etc/onlibrary/onlibrary.env" {
		t.Errorf("its settings are %s", got)
	}
	b := fresh(t)
	do(t, rpm, "--root", b.root, "-i", "--nodeps", older)
	b.says("onlibrary version", "onlibrary v0.0.1")
	b.says("stat -c '%a %U:%G' /etc/onlibrary/onlibrary.env /var/lib/onlibrary", "640 root:onlibrary\n700 onlibrary:onlibrary")
	b.runs("test -L /etc/systemd/system/multi-user.target.wants/onlibrary.service")
	b.runs("echo '# mine' >> /etc/onlibrary/onlibrary.env && touch /var/lib/onlibrary/data.db")
	do(t, rpm, "--root", b.root, "-U", "--nodeps", newer)
	b.says("onlibrary version", "onlibrary v0.0.2")
	b.runs("grep -q '# mine' /etc/onlibrary/onlibrary.env && test -L /etc/systemd/system/multi-user.target.wants/onlibrary.service")
	if said := do(t, rpm, "--root", b.root, "-e", "--nodeps", "onlibrary"); !strings.Contains(said, "still in /var/lib/onlibrary") {
		t.Errorf("it does not say where the library is: %s", said)
	}
	b.runs("! command -v onlibrary && test -e /var/lib/onlibrary/data.db && ! test -e /etc/systemd/system/multi-user.target.wants/onlibrary.service")
}
