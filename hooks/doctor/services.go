package doctor

import (
	"context"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/forms"

	"onlibrary/internal/outbox"
)

// mail signs in to the mail server, and sends nothing.
func (r *room) mail(ctx context.Context, app core.App) Finding {
	settings := app.Settings().SMTP
	if !settings.Enabled {
		return warn("set a mail server in the dashboard, under Settings, Mail settings", "none is set: nobody can reset a password, and no notice goes out by mail")
	}
	if err := outbox.Check(ctx, settings); err != nil {
		return fail("look at the mail server in the dashboard, under Settings, Mail settings", "%s:%d takes no mail from us: %v", settings.Host, settings.Port, err)
	}
	return ok("%s:%d takes our mails", settings.Host, settings.Port)
}

// s3 writes, lists and deletes a small file.
func (r *room) s3(_ context.Context, app core.App) Finding {
	settings := app.Settings()
	tried := ""
	for _, place := range []struct {
		name, form string
		core.S3Config
	}{{"files", "storage", settings.S3}, {"backups", "backups", settings.Backups.S3}} {
		if !place.Enabled {
			continue
		}
		form := forms.NewTestS3Filesystem(app)
		form.Filesystem = place.form
		if err := form.Submit(); err != nil {
			return fail("look at bucket, key and endpoint in the dashboard, under Settings; the key has to be allowed to list, read, write and delete",
				"the bucket %s for %s cannot be used: %v", place.Bucket, place.name, err)
		}
		if tried != "" {
			tried += ", "
		}
		tried += place.Bucket + " for " + place.name
	}
	if tried == "" {
		return off("files and backups lie in the data folder")
	}
	return ok("%s can be written to and read", tried)
}

// push has the push service look at a message that it sends to nobody.
func (r *room) push(ctx context.Context, _ core.App) Finding {
	if r.Push == nil {
		return off("no credentials are set: nothing is pushed to phones")
	}
	if err := r.Push(ctx); err != nil {
		return fail("look at ONLIBRARY_FCM_CREDENTIALS: a file that the server can read, with the key of a service account that may send", "%v", err)
	}
	return ok("the push service takes our messages")
}
