import { FootnoteHandler } from 'foliate-js/footnotes.js'
import type { View } from 'foliate-js/view.js'
import type { Hands } from './hands'
import { shut, type Reading } from './reading.svelte'
import { styles, type Tone } from './theme'

/** The book's own notes, each shown beside the text that calls it. */
export class Notes {
  /** The note that is open. */
  view: View | undefined = $state.raw()
  private readonly handler = new FootnoteHandler()

  constructor(
    private readonly reading: Reading,
    private readonly hands: Hands,
    private readonly tone: () => Tone,
  ) {
    this.handler.addEventListener('before-render', (event) => this.show((event as CustomEvent<{ view: View }>).detail.view))
  }

  /** Follows a link of the book: a note opens, whatever else is gone to. */
  follow(event: Event): void {
    const { href } = (event as CustomEvent<{ href: string }>).detail
    const noted = this.reading.book && this.handler.handle(this.reading.book, event)
    event.preventDefault() // we go ourselves, one move at a time
    if (noted) noted.catch(() => this.reading.go(href))
    else this.reading.go(href)
  }

  readonly close = (): void => {
    if (this.view) shut(this.view)
    this.view = undefined
  }

  private show(view: View): void {
    view.addEventListener('external-link', (event) => event.preventDefault())
    view.addEventListener('load', (event) => {
      const { doc } = (event as CustomEvent<{ doc: Document }>).detail
      this.hands.onLinks(doc)
      doc.addEventListener('keydown', ({ key }) => key === 'Escape' && this.close())
    })
    view.addEventListener('link', (event) => {
      event.preventDefault()
      this.close()
      this.reading.go((event as CustomEvent<{ href: string }>).detail.href)
    })
    view.renderer.setAttribute('flow', 'scrolled')
    view.renderer.setAttribute('margin', '12px')
    view.renderer.setAttribute('gap', '5%')
    const [before, after] = styles(this.reading.look, this.tone())
    view.renderer.setStyles?.([before, after.replace(/aside\[epub[^}]*\{[^}]*\}/, '')])
    this.view = view
  }
}
