package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"syscall"
)

// Open listens at an address, host:port, that the setting of that name tells.
// Its error is one line that says what to do.
func Open(addr, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen at %s (set by %s): %w", addr, setting, hint(addr, err))
	}
	return l, nil
}

// hint is what a network error says without where, which stands before it.
func hint(addr string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	_, port, _ := net.SplitHostPort(addr)
	number, _ := strconv.Atoi(port) // 0, where it is a name
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another program listens there, or this one does already: %w", err)
	case errors.Is(err, fs.ErrPermission) && number < 1024:
		return fmt.Errorf("%w: ports below 1024 want the right to, as by AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, "+
			"by setcap cap_net_bind_service=+ep on the program, or by sysctl net.ipv4.ip_unprivileged_port_start=80", err)
	}
	return err
}
