import { View } from 'foliate-js/view.js'
import type { DocumentRecord } from '../document'
import { recall, remember, settings } from '../place'
import { BlobSource, type RemoteFile } from '../remote'
import { openBook, type Book, type TocItem } from './book'
import { firstLook, type Look } from './theme'

const whole = 64 * 2 ** 20 // bytes up to which a book comes in one piece and needs the server no more

interface Where {
  fraction?: number
  cfi: string
  tocItem?: TocItem
}

/** A book that is being read: opened once, left and entered one move at a time, its place kept on this device. */
export class Reading {
  look: Look = $state(settings('epub', firstLook))
  book: Book | undefined = $state.raw()
  /** What shows the book, from when it is laid out. */
  view: View | undefined = $state.raw()
  /** How much of the file is here, 0 to 1; undefined while that is not known. */
  arrived: number | undefined = $state()
  fraction = $state(0)
  chapter: TocItem | undefined = $state.raw()
  /** Whether a link was followed from which one may return. */
  canReturn = $state(false)

  private pending = $state(0)
  private moving: Promise<unknown> = Promise.resolve()
  private jumped = false

  constructor(private readonly doc: Pick<DocumentRecord, 'id' | 'title'>) {}

  /** What one is reading: the chapter, or else the book. */
  get heading(): string {
    return this.chapter?.label || this.doc.title
  }

  get isBusy(): boolean {
    return !this.view || this.pending > 0
  }

  get isFixed(): boolean {
    return this.view?.isFixedLayout ?? false
  }

  get isScrolled(): boolean {
    return this.look.flow === 'scrolled' && !this.isFixed
  }

  /** Opens the book in a host; `made` gets its view while that is empty, `laid` just before its first page. */
  async open(file: RemoteFile, host: HTMLElement, signal: AbortSignal, made: (view: View) => void, laid: (view: View) => void): Promise<void> {
    const book = await openBook(file.size <= whole ? new BlobSource(await file.whole((part) => (this.arrived = part), signal)) : file)
    if (signal.aborted) return
    this.book = book
    const view = document.createElement('foliate-view') as View
    made(view)
    view.addEventListener('relocate', (event) => this.moved((event as CustomEvent<Where>).detail))
    view.addEventListener('external-link', (event) => event.preventDefault())
    host.append(view)
    await view.open(book)
    this.view = view
    laid(view)
    const place = recall(this.doc.id)
    this.fraction = place?.fraction ?? 0
    await this.move(() => view.init({ lastLocation: place?.locator, showTextStart: false }))
  }

  /** Moves when the move before is done: a chapter that is still being laid out can't be left for another. */
  move(act: (view: View) => Promise<unknown> | void): Promise<unknown> {
    this.pending++
    this.moving = this.moving
      .then(() => this.view && act(this.view))
      .catch((error: unknown) => console.warn('the book stays where it is', error))
      .finally(() => this.pending--)
    return this.moving
  }

  /** Follows a link of the book. */
  go(href: string): void {
    this.jumped = true
    void this.move((view) => view.goTo(href))
  }

  /** Returns from a link. */
  back(): void {
    void this.move((view) => view.history.back())
    this.jumped = false
    this.canReturn = false
  }

  close(): void {
    if (this.view) shut(this.view)
    this.book?.destroy()
  }

  private moved(where: Where): void {
    this.fraction = where.fraction ?? this.fraction
    this.chapter = where.tocItem
    this.canReturn = this.jumped && (this.view?.history.canGoBack ?? false)
    remember(this.doc.id, { locator: where.cfi, fraction: this.fraction })
  }
}

/** Closes a view, of which one that has shown nothing yet knows no way. */
export function shut(view: View): void {
  if (view.renderer.getContents().length) view.close()
  view.remove()
}
