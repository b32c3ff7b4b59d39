package server

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// banner prints where the library is to be found, and on a first start the
// link that sets it up.
func banner(w io.Writer, app core.App, d Deps, at net.Addr) error {
	base := "http://" + reachable(at)
	if d.sealed() {
		if base = d.address(); base == "" {
			base = "https://" + reachable(at)
		}
	}
	fmt.Fprintf(w, "OnLibrary %s\n  Library    %s\n  Dashboard  %s/_/\n", d.Version, base, base)
	path, err := d.SetupPath(app, time.Now())
	if err != nil {
		return err
	}
	if path != "" {
		fmt.Fprintf(w, "  Set it up  %s%s   (good once, for 30 minutes)\n", base, path)
	}
	if d.Config.FFmpeg == "" {
		fmt.Fprintln(w, "  FFmpeg was not found: video and audio previews are left out until it is installed.")
	}
	return nil
}

// reachable is an address that a browser on this machine can go to.
func reachable(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return at.String()
	}
	if tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return tcp.String()
}
