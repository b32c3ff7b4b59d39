import type { View } from 'foliate-js/view.js'
import { frameIsHeard, inward, outward } from './frame'
import type { Reading } from './reading.svelte'

/** What hands ask for that is not the book's own. */
export interface Asked {
  /** Shows the bars, or turns them on and off. */
  bars(shown?: true): void
  /** A link leads out of the book. */
  outside(address: string): void
}

/** Hands on a book: taps, clicks, wheels. Nothing of a chapter's own may listen in its frame, so we do. */
export class Hands {
  private deaf = false
  private turned = 0

  constructor(
    private readonly reading: Reading,
    private readonly asked: Asked,
  ) {}

  /** Finds out what can be heard here; before any book is opened. */
  async ready(): Promise<void> {
    this.deaf = !(await frameIsHeard())
  }

  /** Listens beside the frames, and for those that hear nothing. */
  around(view: View): void {
    view.addEventListener('click', ({ clientX, clientY }) => this.point(clientX, clientY))
    view.addEventListener('wheel', this.wheel, { passive: true })
  }

  /** Listens in a chapter that has come into its frame. */
  inChapter(inner: Document): void {
    this.onLinks(inner)
    inner.addEventListener(
      'click',
      (event) => {
        if ((event.target as Element).closest('a[href], audio, video, summary, area') || inner.getSelection()?.isCollapsed === false) return
        this.tap(outward(inner, event.clientX, event.clientY).x)
      },
      { capture: true },
    )
    inner.addEventListener('keydown', (event) => {
      const away = (event.target as Element).closest('[data-outside]')
      if (away && event.key === 'Enter') this.asked.outside(away.getAttribute('data-outside') ?? '')
      else window.dispatchEvent(new KeyboardEvent('keydown', event)) || event.preventDefault()
    })
    inner.addEventListener('wheel', this.wheel, { passive: true })
    inner.addEventListener('pointermove', (event) => {
      const { y } = outward(inner, event.clientX, event.clientY)
      if (event.pointerType === 'mouse' && (y < 80 || y > innerHeight - 80)) this.asked.bars(true)
    })
  }

  /** Keeps the links that lead out, and whatever else would, in a chapter or a note. */
  onLinks(inner: Document): void {
    const frame = inner.defaultView?.frameElement as HTMLElement | null
    if (frame) {
      frame.title = this.reading.heading
      if (this.deaf) frame.style.pointerEvents = 'none'
    }
    const listen = (name: string, act: (event: Event, target: Element) => void) => inner.addEventListener(name, (event) => act(event, event.target as Element), { capture: true })
    listen('submit', (event) => event.preventDefault())
    listen('auxclick', (event, target) => target.closest('a, [data-outside]') && event.preventDefault())
    listen('click', (event, target) => {
      const away = target.closest('[data-outside]')
      if (!away) return
      event.preventDefault()
      event.stopImmediatePropagation()
      this.asked.outside(away.getAttribute('data-outside') ?? '')
    })
  }

  private point(x: number, y: number): void {
    const { view, book } = this.reading
    const shown = view?.renderer.getContents()[0]
    const target = this.deaf && shown ? inward(shown.doc, x, y)?.closest('a[href], [data-outside]') : null
    const away = target?.getAttribute('data-outside')
    const href = target?.getAttribute('href')
    if (away) this.asked.outside(away)
    else if (href) {
      const resolved = book?.sections[shown?.index ?? -1]?.resolveHref(href)
      if (resolved) this.reading.go(resolved)
    } else this.tap(x)
  }

  private tap(x: number): void {
    const part = x / innerWidth
    const { look } = this.reading
    if (look.flow === 'paginated' && part < 0.25) void this.reading.move((view) => view.goLeft())
    else if (look.flow === 'paginated' && part > 0.75) void this.reading.move((view) => view.goRight())
    else this.asked.bars()
  }

  private readonly wheel = (event: WheelEvent): void => {
    if (this.reading.isScrolled) return
    if (event.ctrlKey || event.timeStamp - this.turned < 350 || Math.abs(event.deltaY) + Math.abs(event.deltaX) < 12) return
    this.turned = event.timeStamp
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY)
    void this.reading.move((view) => (sideways ? (event.deltaX > 0 ? view.goRight() : view.goLeft()) : event.deltaY > 0 ? view.next() : view.prev()))
  }
}
