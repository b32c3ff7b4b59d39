package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/pocketbase/pocketbase/core"
)

// ports looks whether the server listens where it should, or could.
func (r *room) ports(ctx context.Context, _ core.App) Finding {
	where := []string{r.Config.HTTPAddr}
	if r.Certificates.Enabled() {
		where = []string{r.Config.HTTPSAddr, r.Config.HTTPChallengeAddr}
	}
	held, err := r.Held(r.Config.DataDir)
	if err != nil {
		return fail("", "%v", err)
	}
	for _, at := range where {
		look := free
		if held {
			look = answers
		}
		if f := look(ctx, at); f.State != OK {
			return f
		}
	}
	all := strings.Join(where, " and ")
	if held {
		return ok("the server listens at %s", all)
	}
	return ok("%s can be listened at; no server runs on this data folder now", all)
}

// free tries to listen there.
func free(ctx context.Context, at string) Finding {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
	switch {
	case err == nil:
		err = l.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		return fail("stop it (ss -ltnp names it), or listen elsewhere by --http or --https", "%s is taken by another program", at)
	case errors.Is(err, fs.ErrPermission):
		return fail("run the server by its systemd unit, or allow it: setcap cap_net_bind_service=+ep onlibrary", "%s may not be listened at by this user", at)
	}
	if err != nil {
		return fail("look at --http and --https", "%v", err)
	}
	return ok("")
}

// answers tries to reach the server there.
func answers(ctx context.Context, at string) Finding {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return fail("look at --http and --https", "%v", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fail("give this command the settings that the server has", "a server works on this data folder, but not at %s: %v", at, err)
	}
	if err := c.Close(); err != nil {
		return fail("", "%v", err)
	}
	return ok("")
}
