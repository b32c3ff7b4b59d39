package media

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// maxFrame bounds a message between a Previewer and its child, in bytes.
const maxFrame = 4 << 20

// request is a job for the child.
type request struct {
	Path   string // of the file; the only one that is opened
	Input  string // a generated name of the same file, for FFmpeg; else empty
	Type   Type
	Memory int64 // bytes the child should keep below

	FFmpeg, FFprobe string
	CacheDir        string
	Compile         bool // no file: only compile PDFium into CacheDir
}

// response is the child's answer, and, empty, its greeting once it has set its bounds.
type response struct {
	Preview Preview
	Fault   string // the machine's, not the file's
	Heavy   bool   // the job wants all the memory there is
	Spent   bool   // it has run a native program and must not see another file
}

// writeFrame writes a message behind its length in four bytes.
func writeFrame(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if len(body) > maxFrame {
		return fmt.Errorf("message of %d bytes", len(body))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

// readFrame reads what writeFrame wrote.
func readFrame(r io.Reader, message any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("message of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, message); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	return nil
}
