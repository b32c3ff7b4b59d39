package upgrade

import "errors"

// Close lets go of the data folder that Open opened, for a command that goes on
// without it.
func (u *Upgrade) Close() error { return errors.Join(u.app.ClearBootstrap(), u.held.Close()) }
