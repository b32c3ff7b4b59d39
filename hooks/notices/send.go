package notices

import (
	"errors"
	"slices"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/reply"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
)

// checkSender refuses who may not send notifications.
func checkSender(e *core.RequestEvent) error {
	if e.HasSuperuserAuth() {
		return nil
	}
	_, holds, err := rules.Standing(e.App, e.Auth.Id, schema.NotificationsSend)
	if err != nil {
		return err
	}
	if !holds {
		return e.ForbiddenError("", nil)
	}
	return nil
}

// isSender tells whether a role may send notifications, and so read all.
func isSender(role *core.Record) bool {
	return slices.Contains(role.GetStringSlice("permissions"), schema.NotificationsSend)
}

// refuse answers a form whose check failed.
func refuse(e *core.RequestEvent, err error) error {
	var fields validation.Errors
	if errors.As(err, &fields) {
		return e.BadRequestError("", fields)
	}
	return reply.Error(err)
}
