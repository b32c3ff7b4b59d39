//go:build !linux

package archive

import "os"

func beginFlush(*os.File, int64, int64) {}
