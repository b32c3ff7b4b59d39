package flask_test

import (
	"strings"
	"testing"

	"onlibrary/internal/flask"
)

// Made by Werkzeug 3.0's generate_password_hash.
const (
	pbkdf2Hash = "pbkdf2:sha256:260000$Zq3kP0aVbR1x$804b935a3a7854c1e1fedee890d3b16534f48497bbefa1dbc2e9e23933b54b04" // segredo-0-flask
	scryptHash = "scrypt:32768:8:1$mN8sT2uW$a26fe438859b4260a492edf1d952f0133bb0ab224074e5db34615b2177b24e3f" +
		"b1c07d141133d2a68e963238c62cc840f26f2380352f3525c59274288ac7a7c0" // segredo-1-flask
)

func TestHashesOfWerkzeugMatchTheirPassword(t *testing.T) {
	t.Parallel()
	for password, hash := range map[string]string{"segredo-0-flask": pbkdf2Hash, "segredo-1-flask": scryptHash} {
		h, err := flask.ParseHash(hash)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Matches(password) {
			t.Errorf("%s does not match", password)
		}
		if h.Matches(password+" ") || h.Matches("") {
			t.Errorf("another password matches the hash of %s", password)
		}
	}
}

func TestAbsurdHashesAreRefused(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	for name, hash := range map[string]string{
		"empty": "", "plain": "plain$$secret", "md5": "md5$salt$0123", "no salt": "pbkdf2:sha256:1000$$" + sum,
		"too many iterations": "pbkdf2:sha256:2000001$salt$" + sum, "no iterations": "pbkdf2:sha256:0$salt$" + sum,
		"negative": "pbkdf2:sha256:-1$salt$" + sum, "unknown digest": "pbkdf2:md5:1000$salt$" + sum,
		"short sum": "pbkdf2:sha256:1000$salt$ab", "no hexadecimal": "pbkdf2:sha256:1000$salt$" + strings.Repeat("zz", 32),
		"too much memory": "scrypt:131072:8:1$salt$" + sum + sum, "overflow": "scrypt:67108864:67108864:1$salt$" + sum + sum,
		"no power of two": "scrypt:1000:8:1$salt$" + sum + sum, "too many lanes": "scrypt:1024:8:5$salt$" + sum + sum,
		"too long": "pbkdf2:sha256:1000$" + strings.Repeat("s", 250) + "$" + sum,
	} {
		if h, err := flask.ParseHash(hash); err == nil || h.Matches("secret") {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(pbkdf2Hash)
	f.Add(scryptHash)
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := flask.ParseHash(s); err == nil && len(s) > 255 {
			t.Error("a hash was taken that is too long to keep")
		}
	})
}
