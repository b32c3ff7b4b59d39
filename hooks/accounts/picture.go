package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
)

const (
	pictureMost = 5 << 20 // bytes
	pictureWait = 5 * time.Second
	redirects   = 3
)

// fetchPicture gets the picture of who is new from where the provider says, and
// puts it into what the account is made with. PocketBase would do so itself, but
// within the transaction, so that a slow server would hold the only writer. A
// picture that does not come is no reason to fail.
func (r *room) fetchPicture(e *core.RecordAuthWithOAuth2RequestEvent) {
	field := e.Collection.OAuth2.MappedFields.AvatarURL
	if _, sent := e.CreateData[field]; field == "" || sent || e.OAuth2User.AvatarURL == "" {
		return
	}
	if e.CreateData == nil {
		e.CreateData = map[string]any{}
	}
	e.CreateData[field] = nil // else PocketBase would try
	picture, err := r.fetch(e.Request.Context(), e.OAuth2User.AvatarURL)
	if err != nil {
		e.App.Logger().Warn("fetching the picture that a provider names", "provider", e.ProviderName, "error", err)
		return
	}
	e.CreateData[field] = picture
}

// fetch gets a file of at most pictureMost bytes from a public address.
func (r *room) fetch(ctx context.Context, url string) (*filesystem.File, error) {
	ctx, cancel := context.WithTimeout(ctx, pictureWait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err == nil && !r.reachable(to.Addr()) {
			err = fmt.Errorf("%s is no public address", to.Addr())
		}
		return err
	}}
	client := http.Client{
		// No proxy: it would dial in our place.
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > redirects {
				return errors.New("too many redirects")
			}
			return nil
		},
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, pictureMost+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > pictureMost:
		return nil, fmt.Errorf("more than %d bytes", pictureMost)
	}
	return filesystem.NewFileFromBytes(content, "avatar")
}

// public tells whether an address is one of the Internet's, and not one of the
// machine, its network or its host (RFC 6890, RFC 6052).
func public(a netip.Addr) bool {
	a = a.Unmap()
	within := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(a) }
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc([]string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", // IPv4
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "fec0::/10", // IPv6, which may lead to it
	}, within)
}

// dropUnfitPicture takes away a picture that the account could not have: the
// provider's is no reason to refuse who has it.
func dropUnfitPicture(app core.App, u *core.Record) {
	field := u.Collection().Fields.GetByName("avatar")
	if field.ValidateValue(context.Background(), app, u) != nil || boundImage(u, "avatar") != nil {
		u.Set("avatar", nil)
	}
}
