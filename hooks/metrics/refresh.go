package metrics

import (
	"context"
	"time"

	"onlibrary/internal/schema"
)

// refresh finds out what takes longer. What cannot be found out stays as it was
// known; a list of backups that may be old is none.
func (s *state) refresh() {
	s.mu.Lock()
	s.at = time.Now()
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), refreshEvery)
	defer cancel()
	var kinds []kind
	err := s.app.ConcurrentDB().Select("kind", "COUNT(*) AS count", "COALESCE(SUM(fileSize), 0) AS bytes").From(schema.Documents).
		GroupBy("kind").WithContext(ctx).All(&kinds)
	read := s.part("documents", err)
	backups, err := s.list(ctx)
	listed := s.part("backups", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if read {
		s.slowly.kinds = kinds
	}
	s.slowly.backups, s.slowly.listed = backups, listed
}

// list returns the backups, wherever they are kept.
func (s *state) list(ctx context.Context) (found []backup, err error) {
	files, err := s.app.NewBackupsFilesystem()
	if err != nil {
		return nil, err
	}
	defer files.Close()
	files.SetContext(ctx)
	all, err := files.List("")
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if !f.IsDir {
			found = append(found, backup{f.ModTime, float64(f.Size)})
		}
	}
	return found, nil
}
