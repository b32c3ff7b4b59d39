package listen

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
)

// Names of the sockets that systemd hands over (FileDescriptorName= in the
// socket's unit).
const (
	NameHTTP  = "http"
	NameHTTPS = "https"
)

// Inherited are the sockets that systemd handed over (sd_listen_fds(3)). They
// stay open, whatever becomes of the listeners on them, until the process ends.
type Inherited struct{ files map[string]*os.File }

// Inherit takes over the sockets that the process was started with: none, where
// it was not started by a socket's unit. A lone socket without a name of ours is
// the one called fallback.
func Inherit(fallback string) (Inherited, error) {
	files := activation.Files(false) // the program that a restore starts looks for them, too
	in := Inherited{map[string]*os.File{}}
	for _, f := range files {
		name := f.Name()
		if len(files) == 1 && name != NameHTTP && name != NameHTTPS {
			name = fallback
		}
		switch {
		case name != NameHTTP && name != NameHTTPS:
			return Inherited{}, fmt.Errorf("systemd hands over a socket named %q: FileDescriptorName= has to be %s or %s", name, NameHTTP, NameHTTPS)
		case in.files[name] != nil:
			return Inherited{}, fmt.Errorf("systemd hands over two sockets named %s: one is enough, for IPv4 and IPv6 (BindIPv6Only=both)", name)
		}
		in.files[name] = f
	}
	return in, nil
}

// Has tells whether there is a socket of that name.
func (in Inherited) Has(name string) bool { return in.files[name] != nil }

// Listener returns a listener on the socket of that name, nil where there is none.
func (in Inherited) Listener(name string) (net.Listener, error) {
	f := in.files[name]
	if f == nil {
		return nil, nil //nolint:nilnil // none is no error
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("listen at the socket %s of systemd: %w", name, err)
	}
	return l, nil
}

// Keep has the sockets outlive the start of another program in this process.
func (in Inherited) Keep() error {
	var errs []error
	for name, f := range in.files {
		if err := keep(f); err != nil {
			errs = append(errs, fmt.Errorf("keep the socket %s of systemd: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
