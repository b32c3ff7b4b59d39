package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite" // the driver that PocketBase uses too

	"onlibrary/internal/schema"
)

const (
	documents    = 100_000
	owners       = 500    // patrons who own documents and are shared them
	allShares    = 15_000 // of documents, 300 of them with the patron who asks
	ownShares    = 300
	ownDocuments = 20
	pupils       = 40
	password     = "reading-room-1"
	asker        = "asker" // the patron who asks: role Customer
)

// The data folders of the lists: each server's, with a tenth of the documents
// others' private ones, and with nine tenths.
func (b *bench) libraryDir(kind string) string { return filepath.Join(b.data, "library-"+kind) }
func (b *bench) stockDir(kind string) string   { return filepath.Join(b.data, "stock-"+kind) }

// The kinds of data: "few" is 80 % members, 10 % public, 10 % private; "most" is
// nine tenths private, strewn; "block" is nine tenths private, the newest.
const few, most, block = "few", "most", "block"

func kinds() []string { return []string{few, most, block} }

// fill makes the data folders, unless they are there.
func (b *bench) fill() error {
	done := filepath.Join(b.data, "filled")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	ours, stock := b.libraryDir(few), b.stockDir(few)
	s, err := b.serveLibrary(ours)
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	if err := inDatabase(ours, fillLibrary); err != nil {
		return fmt.Errorf("fill the library: %w", err)
	}
	collections := filepath.Join(b.dir, "collections.json")
	if err := inDatabase(ours, func(tx *sql.Tx) error { return exportCollections(tx, collections) }); err != nil {
		return fmt.Errorf("export the collections: %w", err)
	}
	if s, err = b.serveStock(stock, "BENCH_COLLECTIONS="+collections); err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	if err := copyRows(ours, stock); err != nil {
		return fmt.Errorf("fill stock PocketBase: %w", err)
	}
	for _, kind := range kinds()[1:] {
		for from, to := range map[string]string{ours: b.libraryDir(kind), stock: b.stockDir(kind)} {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				return err
			}
			if err := inDatabase(to, func(tx *sql.Tx) error { return hide(tx, kind) }); err != nil {
				return fmt.Errorf("hide nine tenths: %w", err)
			}
		}
	}
	return os.WriteFile(done, nil, 0o600)
}

// inDatabase runs f in one transaction on a data folder that no server uses.
func inDatabase(dir string, f func(*sql.Tx) error) (err error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "data.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func fillLibrary(tx *sql.Tx) error {
	r := rand.New(rand.NewPCG(2, 100_000))
	// The asker's requests would run into the bound on requests.
	if _, err := tx.Exec(`UPDATE _params SET value = json_replace(value, '$.rateLimits.rules[3].maxRequests', 1000000000) WHERE id = 'settings'`); err != nil {
		return err
	}
	if err := fillUsers(tx); err != nil {
		return err
	}
	for i := range 50 {
		if _, err := tx.Exec(`INSERT INTO categories (id, code, name, description, created, updated) VALUES (?, ?, ?, '', ?, ?)`,
			categoryID(i), fmt.Sprint("c", i), "Category "+word(r), instant(0), instant(0)); err != nil {
			return err
		}
	}
	if err := fillDocuments(tx, r); err != nil {
		return err
	}
	share, err := tx.Prepare(`INSERT OR IGNORE INTO document_shares (id, document, user, created, updated) VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for i := range allShares {
		user := userID(i % owners)
		if i < ownShares {
			user = userID(owners)
		}
		if _, err := share.Exec(fmt.Sprintf("share%010d", i), documentID(r.IntN(documents)), user, instant(i), instant(i)); err != nil {
			return err
		}
	}
	return nil
}

// fillUsers makes the owners and the asker, and pupils without an address.
func fillUsers(tx *sql.Tx) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	insert, err := tx.Prepare(`INSERT INTO users (id, username, usernameKey, name, email, password, tokenKey, role, state, verified, created, updated)
		VALUES (?, ?, ?, ?, '', ?, ?, ?, 'active', 1, ?, ?)`)
	if err != nil {
		return err
	}
	for i := range owners + 1 + pupils {
		name := fmt.Sprint("patron", i)
		switch {
		case i == owners:
			name = asker
		case i > owners:
			name = fmt.Sprint("pupil", i-owners)
		}
		if _, err := insert.Exec(userID(i), name, name, name, string(hash), strings.Repeat("k", 40)+userID(i), schema.RoleCustomer, instant(i), instant(i)); err != nil {
			return err
		}
	}
	return nil
}

func fillDocuments(tx *sql.Tx, r *rand.Rand) error {
	insert, err := tx.Prepare(`INSERT INTO documents (id, code, title, description, authors, publisher, published, language, isbn, series, seriesIndex, tags,
		category, owner, visibility, file, fileName, contentType, fileSize, sha256, kind, pages, state, expiresOn, alertEmails, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, 'en', ?, ?, ?, '[]', ?, ?, ?, 'none_0123456789.epub', 'none.epub', 'application/epub+zip', ?, ?, 'book', ?, 'ready', ?, '[]', ?, ?)`)
	if err != nil {
		return err
	}
	for i := range documents {
		visibility := schema.VisibilityMembers
		switch r.IntN(10) {
		case 0:
			visibility = schema.VisibilityPublic
		case 1:
			visibility = schema.VisibilityPrivate
		}
		owner := userID(r.IntN(owners))
		if i%(documents/ownDocuments) == 7 {
			owner, visibility = userID(owners), schema.VisibilityPrivate
		}
		var series, expires string
		if r.IntN(3) == 0 {
			series = "The " + word(r) + " cycle"
		}
		if r.IntN(10) == 0 {
			expires = fmt.Sprintf("2028-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))
		}
		if _, err := insert.Exec(documentID(i), fmt.Sprintf("D-%06d", i), words(r, 40), words(r, 600), `["`+word(r)+` `+word(r)+`"]`, "Press "+word(r),
			fmt.Sprintf("%d-%02d", 1950+r.IntN(75), 1+r.IntN(12)), fmt.Sprintf("978%010d", i), series, r.IntN(9), categoryID(r.IntN(50)), owner, visibility,
			1000+r.IntN(50_000_000), strings.Repeat("0", 64), r.IntN(900), expires, instant(i), instant(r.IntN(documents))); err != nil {
			return err
		}
	}
	return nil
}

// hide turns nine tenths of the documents into others' private ones.
func hide(tx *sql.Tx, kind string) error {
	which := "abs(random()) % 10 != 0"
	if kind == block {
		which = fmt.Sprintf("id >= '%s'", documentID(documents/10))
	}
	_, err := tx.Exec(`UPDATE documents SET visibility = iif(`+which+`, 'private', iif(visibility = 'private', 'members', visibility)) WHERE owner != ?`, userID(owners))
	return err
}

// exportCollections writes what stock PocketBase is to import: the same fields
// and indexes, and no rules.
func exportCollections(tx *sql.Tx, path string) (err error) {
	rows, err := tx.Query(`SELECT id, name, type, fields, indexes FROM _collections WHERE name IN ('categories', 'documents')`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	type collection struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Type     string          `json:"type"`
		Fields   json.RawMessage `json:"fields"`
		Indexes  json.RawMessage `json:"indexes"`
		ListRule string          `json:"listRule"` // empty, and not null: open to all
	}
	var all []collection
	for rows.Next() {
		var c collection
		var fields, indexes string
		if err := rows.Scan(&c.ID, &c.Name, &c.Type, &fields, &indexes); err != nil {
			return err
		}
		c.Fields, c.Indexes = json.RawMessage(fields), json.RawMessage(indexes)
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// copyRows gives stock PocketBase the library's documents and categories.
func copyRows(from, to string) (err error) {
	db, err := sql.Open("sqlite", filepath.Join(to, "data.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // the attached database belongs to its connection
	if _, err := db.Exec(`ATTACH ? AS library`, filepath.Join(from, "data.db")); err != nil {
		return err
	}
	for _, name := range []string{"categories", "documents"} {
		var columns string
		if err := db.QueryRow(`SELECT group_concat('"' || name || '"') FROM pragma_table_info(?, 'library')`, name).Scan(&columns); err != nil {
			return err
		}
		if _, err := db.Exec(`INSERT INTO main.` + name + ` (` + columns + `) SELECT ` + columns + ` FROM library.` + name + ` ORDER BY rowid`); err != nil {
			return err
		}
	}
	return nil
}

func userID(i int) string     { return fmt.Sprintf("user%011d", i) }
func categoryID(i int) string { return fmt.Sprintf("category%07d", i) }
func documentID(i int) string { return fmt.Sprintf("document%07d", i) }

// instant is the i-th of the instants at which things were made, five minutes apart.
func instant(i int) string {
	return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 5 * time.Minute).Format("2006-01-02 15:04:05.000Z")
}

// word is one of some 8,000 made-up words.
func word(r *rand.Rand) string {
	syllables := [...]string{"ba", "do", "fi", "ga", "le", "mo", "na", "pe", "ri", "so", "tu", "ve", "wi", "xa", "yo", "zu", "sto", "tra", "kli", "nor"}
	return syllables[r.IntN(20)] + syllables[r.IntN(20)] + syllables[r.IntN(20)]
}

// words is about n bytes of words.
func words(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(word(r))
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}
