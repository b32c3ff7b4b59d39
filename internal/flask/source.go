// Package flask reads the database of the Flask OnLibrary, whatever engine it
// is on, checks its password hashes and says what its route grants mean here.
package flask

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// The system's tables.
const (
	Roles         = "role"
	Grants        = "role_api_route"
	WebActions    = "role_web_action"
	MobileActions = "role_mobile_action"
	Users         = "user"
	Regions       = "uf"
	Cities        = "city"
	Categories    = "document_category"
	Documents     = "document"
	Shares        = "document_sharing"
	Links         = "document_model"
	Notifications = "notification"
	Logs          = "log"
)

// Tables returns all thirteen, each after those that it points to.
func Tables() []string {
	return []string{
		Roles, Grants, WebActions, MobileActions, Users, Regions, Cities, Categories, Documents, Shares, Links, Notifications, Logs,
	}
}

// page is how many rows are fetched at a time.
const page = 500

// Source is an open database, seen as it was when it was opened.
type Source struct {
	read  func(ctx context.Context, table string, after int64) ([]Row, error)
	close func() error
}

// Open opens an SQLite file, a folder of JSON files, one for each table, or
// what a mysql:// or postgres:// address names; password stands in for one that
// the address lacks. Nothing is ever written. It is an error if a table is
// missing; errors do not show the address, which may hold a password.
func Open(ctx context.Context, database, password string) (*Source, error) {
	s, err := open(ctx, database, password)
	if err != nil {
		return nil, fmt.Errorf("open the old database: %w", err)
	}
	var missing []error
	for _, table := range Tables() {
		if _, err := s.read(ctx, table, 1<<62); err != nil {
			missing = append(missing, fmt.Errorf("table %s: %w", table, err))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("this is no database of the Flask OnLibrary: %w", errors.Join(append(missing, s.Close())...))
	}
	return s, nil
}

func open(ctx context.Context, database, password string) (*Source, error) {
	scheme, _, isAddress := strings.Cut(database, "://")
	if !isAddress {
		info, err := os.Stat(database)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return openFolder(database), nil
		}
		return openSQLite(ctx, database)
	}
	address, err := url.Parse(database)
	if err != nil {
		return nil, errors.New("the address cannot be read; special characters of a password are written as %40 and the like")
	}
	if _, has := address.User.Password(); !has && password != "" {
		address.User = url.UserPassword(address.User.Username(), password)
	}
	// SQLAlchemy's names have a driver's behind a plus.
	switch kind, _, _ := strings.Cut(scheme, "+"); kind {
	case "mysql", "mariadb":
		return openMySQL(ctx, address)
	case "postgres", "postgresql":
		address.Scheme = "postgres"
		return openPostgres(ctx, address)
	default:
		return nil, fmt.Errorf("%s:// is neither mysql:// nor postgres://", scheme)
	}
}

func openSQLite(ctx context.Context, path string) (*Source, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(absolute), RawQuery: "mode=ro&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	return snapshot(ctx, db, nil, `SELECT * FROM "%s" WHERE id > ? ORDER BY id LIMIT %d`)
}

func openMySQL(ctx context.Context, address *url.URL) (*Source, error) {
	config := mysql.NewConfig()
	config.User = address.User.Username()
	config.Passwd, _ = address.User.Password()
	config.DBName = strings.TrimPrefix(address.Path, "/")
	config.Net, config.Addr = "tcp", address.Host
	if address.Port() == "" {
		config.Addr = net.JoinHostPort(address.Hostname(), "3306")
	}
	for key, values := range address.Query() {
		switch key {
		case "unix_socket":
			config.Net, config.Addr = "unix", values[0]
		case "tls":
			config.TLSConfig = values[0]
		case "charset": // every text is asked for in UTF-8
		default:
			return nil, fmt.Errorf("unknown option %q: there are unix_socket and tls", key)
		}
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return snapshot(ctx, sql.OpenDB(connector), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		"SELECT * FROM `%s` WHERE id > ? ORDER BY id LIMIT %d")
}

func openPostgres(ctx context.Context, address *url.URL) (*Source, error) {
	config, err := pgx.ParseConfig(address.String())
	if err != nil {
		return nil, err // which it takes the password out of
	}
	return snapshot(ctx, stdlib.OpenDB(*config), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		`SELECT * FROM "%s" WHERE id > $1::bigint ORDER BY id LIMIT %d`)
}

// snapshot reads through one transaction, so that rows fit together even while
// the old system is in use.
func snapshot(ctx context.Context, db *sql.DB, options *sql.TxOptions, query string) (*Source, error) {
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Source{
		read: func(ctx context.Context, table string, after int64) ([]Row, error) {
			rows, err := tx.QueryContext(ctx, fmt.Sprintf(query, table, page), after)
			if err != nil {
				return nil, err
			}
			return scan(rows)
		},
		close: func() error {
			err := tx.Rollback()
			if errors.Is(err, sql.ErrTxDone) { // with the context that it was begun in
				err = nil
			}
			return errors.Join(err, db.Close())
		},
	}, nil
}

func scan(rows *sql.Rows) (found []Row, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		row := Row{}
		for i, column := range columns {
			row[strings.ToLower(column)] = values[i]
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

// Rows returns the rows of a table in the order of their ids; an error ends them.
func (s *Source) Rows(ctx context.Context, table string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for after := int64(-1 << 62); ; {
			rows, err := s.read(ctx, table, after)
			if err != nil {
				yield(nil, fmt.Errorf("read the old table %s: %w", table, err))
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
				after = row.ID()
			}
			if len(rows) < page {
				return
			}
		}
	}
}

// Close lets go of the database.
func (s *Source) Close() error { return s.close() }
