package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// magic begins every file that age encrypted.
const magic = "age-encryption.org/"

// ParseRecipients reads age's public keys, such as age1…, parted by commas or spaces.
func ParseRecipients(list string) ([]age.Recipient, error) {
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
	if len(words) == 0 {
		return nil, nil
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.Join(words, "\n")))
	if err != nil {
		return nil, errors.New("want age's public keys, age1…, parted by commas")
	}
	return recipients, nil
}

// ByPassphrase is the recipient of an archive that a passphrase opens.
func ByPassphrase(passphrase string) (age.Recipient, error) {
	return age.NewScryptRecipient(passphrase)
}

// Seal encrypts what is written to it for the recipients.
func Seal(w io.Writer, recipients []age.Recipient) (io.WriteCloser, error) {
	return age.Encrypt(w, recipients...)
}

// ReadIdentities reads age's secret keys from a file, which a passphrase may
// protect: ask is called for it then.
func ReadIdentities(path string, ask func() (string, error)) ([]age.Identity, error) {
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	defer f.Close()
	in := bufio.NewReader(io.LimitReader(f, most))
	var keys io.Reader = in
	head, _ := in.Peek(len(armor.Header)) // a shorter file is neither
	if bytes.HasPrefix(head, []byte(armor.Header)) {
		keys = armor.NewReader(in)
	}
	if keys != io.Reader(in) || bytes.HasPrefix(head, []byte(magic)) {
		if keys, err = age.Decrypt(keys, Asking(ask)); err != nil {
			return nil, fmt.Errorf("identity %s: %w", path, err)
		}
	}
	identities, err := age.ParseIdentities(keys)
	if err != nil {
		return nil, fmt.Errorf("identity %s: it holds no key of age (AGE-SECRET-KEY-…)", path) // age's words repeat the line
	}
	return identities, nil
}

// Asking is the identity of who knows the passphrase. ask is called only if an
// archive wants one.
func Asking(ask func() (string, error)) age.Identity { return asking{ask} }

type asking struct{ ask func() (string, error) }

// Unwrap implements age.Identity.
func (a asking) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" {
		return nil, age.ErrIncorrectIdentity
	}
	passphrase, err := a.ask()
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	key, err := identity.Unwrap(stanzas)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, errors.New("the passphrase is another")
	}
	return key, err
}

func isEncrypted(r io.ReaderAt) bool {
	head := make([]byte, len(magic))
	n, _ := r.ReadAt(head, 0) // what cannot be read is found out soon after
	return string(head[:n]) == magic
}

func decrypt(r io.ReaderAt, size int64, identities []age.Identity) (io.ReaderAt, int64, error) {
	if len(identities) == 0 {
		return nil, 0, ErrIdentity
	}
	plain, n, err := age.DecryptReaderAt(r, size, identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, 0, ErrIdentity
	}
	if err != nil {
		return nil, 0, fmt.Errorf("it cannot be decrypted: %w", err)
	}
	return plain, n, nil
}
