package outbox

import (
	"context"

	"github.com/pocketbase/pocketbase/core"
)

// Check connects to the mail server and signs in as the settings say, sends
// nothing, and takes leave.
func Check(ctx context.Context, settings core.SMTPConfig) error {
	c, err := dial(ctx, settings)
	if err != nil {
		return err
	}
	c.quit()
	return nil
}
