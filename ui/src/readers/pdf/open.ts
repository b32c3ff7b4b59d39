import * as pdfjs from 'pdfjs-dist/legacy/build/pdf.mjs'
import workerUrl from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url'
import type { PDFDocumentLoadingTask } from 'pdfjs-dist'
import type { RemoteFile } from '../remote'
import { Trouble } from '../trouble'

declare const __PDFJS_FILES__: string

pdfjs.GlobalWorkerOptions.workerSrc = workerUrl
Object.assign(globalThis, { pdfjsLib: pdfjs }) // pdf_viewer.mjs takes the library from there
export const components = import('pdfjs-dist/legacy/web/pdf_viewer.mjs')

const firstBytes = 2 ** 16
const rangeBytes = 2 ** 18

/**
 * Fetches a PDF range by range as pdf.js asks for it, each time at an address that is
 * valid then: reading outlives any file token.
 */
class Ranges extends pdfjs.PDFDataRangeTransport {
  private readonly stop = new AbortController()

  constructor(
    private readonly file: RemoteFile,
    first: Uint8Array<ArrayBuffer>,
    private readonly failed: (error: unknown) => void,
  ) {
    super(file.size, first)
  }

  override requestDataRange(begin: number, end: number): void {
    this.file.read(begin, end, this.stop.signal).then(
      (bytes) => this.onDataRange(begin, bytes),
      (error: unknown) => this.stop.signal.aborted || this.failed(error),
    )
  }

  override abort(): void {
    this.stop.abort()
  }
}

/** Opens a PDF. Scripts and XFA forms in it stay off; its size is bounded where it is drawn. */
export async function openPdf(
  file: RemoteFile,
  password: (wrong: boolean) => Promise<string>,
  failed: (error: unknown) => void,
): Promise<PDFDocumentLoadingTask> {
  const first = await file.read(0, Math.min(file.size, firstBytes))
  const task = pdfjs.getDocument({
    range: new Ranges(file, first, failed),
    rangeChunkSize: rangeBytes,
    disableAutoFetch: true,
    disableStream: true,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    enableXfa: false,
    maxImageSize: 100_000_000, // pixels
    cMapUrl: `${__PDFJS_FILES__}cmaps/`,
    standardFontDataUrl: `${__PDFJS_FILES__}standard_fonts/`,
    iccUrl: `${__PDFJS_FILES__}iccs/`,
    wasmUrl: `${__PDFJS_FILES__}wasm/`,
  })
  task.onPassword = (update: (password: string) => void, why: number) => {
    void password(why === pdfjs.PasswordResponses.INCORRECT_PASSWORD).then(update)
  }
  return task
}

/** What a failure to open means to the reader. */
export function pdfTrouble(error: unknown): Trouble {
  if (error instanceof Trouble) return error
  return new Trouble(error instanceof pdfjs.PasswordException ? 'locked' : 'broken', { cause: error })
}
