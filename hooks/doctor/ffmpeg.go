package doctor

import (
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// mended is the first version of FFmpeg without CVE-2026-8461.
var mended = [3]int{8, 1, 2} //nolint:gochecknoglobals // Go has no constant arrays

// ffmpeg runs it, and reads its version.
func (r *room) ffmpeg(ctx context.Context, _ core.App) Finding {
	const hint = "install it: apt install ffmpeg, dnf install ffmpeg-free"
	if r.Config.FFmpeg == "" {
		return fail(hint, "it is not there: films have no picture, and of some sound and pictures nothing is read")
	}
	out, err := exec.CommandContext(ctx, r.Config.FFmpeg, "-hide_banner", "-version").Output()
	if err != nil {
		return fail(hint, "%s does not run: %v", r.Config.FFmpeg, err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	version := regexp.MustCompile(`version n?(\d+)\.(\d+)(?:\.(\d+))?`).FindStringSubmatch(first)
	if version == nil {
		return ok("%s, %.60s", r.Config.FFmpeg, first) // one built from no release
	}
	for i, want := range mended {
		have, _ := strconv.Atoi(version[i+1]) // digits, or nothing
		if have < want {
			return warn("keep it up to date: distributions mend old versions without another number",
				"%s is version %s, older than 8.1.2, in which CVE-2026-8461 was mended", r.Config.FFmpeg, strings.TrimPrefix(version[0], "version "))
		}
		if have > want {
			break
		}
	}
	return ok("%s, %s", r.Config.FFmpeg, version[0])
}

// previewer says how what reads uploads is fenced in.
func (r *room) previewer(context.Context, core.App) Finding {
	return ok("fenced in by %s", r.Sandbox())
}
