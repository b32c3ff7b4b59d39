package push

import (
	"context"
	"fmt"

	"firebase.google.com/go/v4/messaging"
)

// Check has FCM look at a message that it sends to nobody (validate_only), within
// ten seconds.
func (s *Sender) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := s.client.SendDryRun(ctx, &messaging.Message{Topic: "onlibrary-check"}); err != nil {
		return fmt.Errorf("Firebase takes no message: %w", err) //nolint:staticcheck // a name
	}
	return nil
}
