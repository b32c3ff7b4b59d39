package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// ChildArg is the hidden first argument that makes the program act as the child.
const ChildArg = "preview-child"

// Further arguments of the child.
const (
	probeArg   = "probe"   // only see whether it starts
	compileArg = "compile" // it may write a larger file
)

// ChildMain is the child's whole life: jobs come by standard input and answers go by
// standard output until the former ends. Main calls it before anything else is set
// up, when os.Args[1] is ChildArg, with the arguments after that one, and exits with
// its code.
func ChildMain(args []string) int {
	if len(args) > 0 && args[0] == probeArg {
		return 0
	}
	file := uint64(fileBytes)
	if len(args) > 0 && args[0] == compileArg {
		file = compiledBytes
	}
	if err := setLimits(file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	debug.SetMaxStack(64 << 20)
	w := &worker{}
	if err := w.serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// worker does jobs, one after the other.
type worker struct {
	pdf *pdfEngine // once it was needed
}

func (w *worker) serve(in io.Reader, out io.Writer) error {
	if err := writeFrame(out, response{}); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	for {
		var req request
		if err := readFrame(in, &req); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read job: %w", err)
		}
		resp := w.do(req)
		if err := writeFrame(out, resp); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		// What an idle child holds, the server can't have.
		debug.FreeOSMemory()
	}
}

// do runs one job. A panic is the file's fault.
func (w *worker) do(req request) (resp response) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", r, debug.Stack())
			resp = response{Preview: Preview{Detail: DetailBroken, Failed: true}, Spent: true}
		}
	}()
	debug.SetMemoryLimit(req.Memory)
	if req.Compile {
		return w.compile(req.CacheDir)
	}
	if err := allowCPU(cpuSeconds); err != nil {
		return response{Fault: err.Error()}
	}
	f, err := os.Open(req.Path)
	if err != nil {
		return response{Fault: err.Error()}
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return response{Fault: err.Error()}
	}
	in := &file{r: f, size: fi.Size()}
	in.head = in.at(0, headSize)
	j := &job{worker: w, request: req, file: in}
	preview, err := j.run(context.Background())
	switch {
	case in.err != nil:
		return response{Fault: in.err.Error(), Spent: j.spent}
	case errors.Is(err, errHeavy):
		return response{Heavy: true, Spent: j.spent}
	case err != nil:
		return response{Fault: err.Error(), Spent: j.spent}
	}
	preview.Work = preview.Work.Clean()
	return response{Preview: preview, Spent: j.spent}
}
