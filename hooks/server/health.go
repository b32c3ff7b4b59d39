package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// healthWithin is how long a server may take to say that it is ready.
const healthWithin = 4 * time.Second

// Health returns the health command, by which a container without other tools
// asks whether the server in it is ready.
func Health(d Deps) *cobra.Command {
	return Plain(&cobra.Command{
		Use: "health", Short: "Ask the server with these settings whether it is ready; exit 1 if not", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), healthWithin)
			defer cancel()
			return d.healthy(ctx, cmd.OutOrStdout())
		},
	})
}

func (d Deps) healthy(ctx context.Context, out io.Writer) error {
	scheme, addr := "http", d.Config.HTTPAddr
	if d.sealed() {
		scheme, addr = "https", d.Config.HTTPSAddr
	}
	at, err := local(addr)
	if err != nil {
		return err
	}
	host := at
	if len(d.Config.Domains) > 0 {
		host = d.Config.Domains[0] // another gets no certificate shown
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", at)
		},
		// Whether its certificate is good is not asked: it is this machine's own server.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
	}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no server answers at %s: %w", at, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("no server answers at %s: %w", at, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s is not ready: %s: %s", at, response.Status, strings.TrimSpace(string(text)))
	}
	_, err = fmt.Fprintln(out, "ready")
	return err
}

// local is how to reach, from this machine, who listens at addr.
func local(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}
