package media

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// pdfMemoryPages bounds the memory of PDFium itself, 64 KiB each.
	pdfMemoryPages = 3072
	// fontsDir is all of the file system that PDFium sees, for fonts that a PDF names
	// but does not bring.
	fontsDir = "/usr/share/fonts"
)

// pdfEngine is PDFium, compiled from WebAssembly and ready.
type pdfEngine struct{ pool pdfium.Pool }

// newPDFEngine compiles PDFium, or takes it from the cache.
func newPDFEngine(cacheDir string) (*pdfEngine, error) {
	cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
	if err != nil {
		return nil, fmt.Errorf("open PDFium's cache: %w", err)
	}
	files := wazero.NewFSConfig()
	if fi, err := os.Stat(fontsDir); err == nil && fi.IsDir() {
		files = files.WithReadOnlyDirMount(fontsDir, fontsDir)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxTotal: 1, MaxIdle: 1, FSConfig: files, Stdout: io.Discard, Stderr: io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().WithCompilationCache(cache).WithMemoryLimitPages(pdfMemoryPages).
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling),
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return &pdfEngine{pool}, nil
}

// compile fills the cache and sees that PDFium starts from it.
func (w *worker) compile(cacheDir string) response {
	e, err := newPDFEngine(cacheDir)
	if err != nil {
		return response{Fault: err.Error()}
	}
	instance, err := e.pool.GetInstance(startTime)
	if err != nil {
		return response{Fault: fmt.Errorf("start PDFium: %w", err).Error()}
	}
	if err := instance.Close(); err != nil {
		return response{Fault: fmt.Errorf("stop PDFium: %w", err).Error()}
	}
	w.pdf = e
	return response{}
}

// portableDocument draws page 1 of a PDF and reads what it says of itself. Each
// document has an instance of its own, so that none can disturb the next.
func (j *job) portableDocument() (p Preview, err error) {
	if j.worker.pdf == nil {
		if j.worker.pdf, err = newPDFEngine(j.request.CacheDir); err != nil {
			return Preview{}, err
		}
	}
	instance, err := j.worker.pdf.pool.GetInstance(10 * time.Second)
	if err != nil {
		return Preview{}, fmt.Errorf("start PDFium: %w", err)
	}
	defer func() {
		if cerr := instance.Close(); cerr != nil {
			j.spent = true
		}
	}()
	doc, err := instance.OpenDocument(&requests.OpenDocument{FileReader: io.NewSectionReader(j.file, 0, j.file.size), FileReaderSize: j.file.size})
	switch {
	case errors.Is(err, pdferrors.ErrPassword):
		return Preview{Detail: DetailPassword}, nil
	case errors.Is(err, pdferrors.ErrSecurity):
		return Preview{Detail: DetailUnsupported}, nil
	case err != nil:
		return j.broken(err), nil
	}
	count, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return j.broken(err), nil
	}
	p.Pages = count.PageCount
	p.Work = j.pdfWork(instance, doc.Document)
	page, err := instance.RenderPageInPixels(&requests.RenderPageInPixels{
		Page:  requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: 0}},
		Width: ThumbnailSide, Height: ThumbnailSide, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT,
	})
	if err != nil {
		broken := j.broken(err)
		broken.Pages, broken.Work = p.Pages, p.Work
		return broken, nil
	}
	defer page.Cleanup()
	p.Thumbnail, err = encode(shrink(page.Result.RenderedImage))
	return p, err
}
