package config

import (
	"os"
	"reflect"
	"testing"
)

// What an old server's environment or .env says means nothing here, whatever it is.
func TestFlaskSettingsAreNotRead(t *testing.T) {
	for _, name := range []string{
		"APP_SECRET", "PORT", "HOST", "APP_API_URL", "APP_WEB_URL", "INTEGRATION_USER", "INTEGRATION_PASS", "TZ", "SENTRY_DSN",
		"MAIL_DRIVER", "MAIL_USER", "MAIL_PASS", "SMTP_HOST", "SMTP_PORT", "IMAP_HOST", "STORAGE_DRIVER", "TRANSLATION_DRIVER",
		"SQL_DRIVER", "SQL_HOST", "SQL_PORT", "SQL_DB", "SQL_USER", "SQL_PASS", "ODBC_DRIVER",
		"PUSH_NOTIFICATION_DRIVER", "FCM_CREDS_JSON_FILE", "FFMPEG_PATH", "TESTING", "CSRF_ENABLED", "THREADS_PER_PAGE",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			before, err := Load([]string{"serve"})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(".env", []byte(name+"=of the old server\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv(name, "of the old server")
			after, err := Load([]string{"serve"})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(before, after) {
				t.Errorf("%s changes the settings: %+v, not %+v", name, after, before)
			}
		})
	}
}
