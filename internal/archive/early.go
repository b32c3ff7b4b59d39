package archive

import "os"

// earlyEvery is after how many bytes the disk is told to begin.
const earlyEvery = 8 << 20

// Early is a file that goes to the disk while it is written, not only when it is
// synced: so the disk works while the sums are taken, and what others sync
// meanwhile does not wait for all of it.
type Early struct {
	*os.File
	written, begun int64
}

// Write implements io.Writer.
func (e *Early) Write(p []byte) (int, error) {
	n, err := e.File.Write(p)
	e.written += int64(n)
	if e.written-e.begun >= earlyEvery {
		beginFlush(e.File, e.begun, e.written-e.begun)
		e.begun = e.written
	}
	return n, err
}

// finish has the rest go to the disk.
func (e *Early) finish() { beginFlush(e.File, e.begun, e.written-e.begun) }
