import type { View } from 'foliate-js/view.js'

const still = matchMedia('(prefers-reduced-motion: reduce)').matches

/** How a book is shown, as its reader chose. */
export interface Look {
  theme: 'auto' | 'light' | 'sepia' | 'dark'
  /** Percent of the book's own size. */
  size: number
  spacing: number
  font: 'book' | 'serif' | 'sans'
  flow: 'paginated' | 'scrolled'
  justify: boolean
}

export const firstLook: Look = { theme: 'auto', size: 100, spacing: 1.5, font: 'book', flow: 'paginated', justify: false }
export const sizes = [70, 80, 90, 100, 115, 130, 150, 175, 200, 250] as const
export const spacings = [1.2, 1.35, 1.5, 1.7, 2] as const

/** The next value up or down from the one now; that itself at an end. */
export function stepped(values: readonly number[], now: number, by: 1 | -1): number {
  return (by > 0 ? values.find((value) => value > now) : values.findLast((value) => value < now)) ?? now
}

export type Tone = 'light' | 'sepia' | 'dark'

const inks: Record<Tone, { paper: string; ink: string; link: string; scheme: 'light' | 'dark' }> = {
  light: { paper: '#fdfaf5', ink: '#2a231d', link: '#8a4413', scheme: 'light' },
  sepia: { paper: '#f5ecd9', ink: '#43351f', link: '#8a4413', scheme: 'light' },
  dark: { paper: '#171411', ink: '#e4dccf', link: '#e5b07a', scheme: 'dark' },
}
const fonts = { serif: 'Georgia, "Times New Roman", serif', sans: 'system-ui, "Segoe UI", Roboto, sans-serif' }

/** The reader's own styles for a flowing chapter: one sheet before the book's, one after it. */
export function styles(look: Look, tone: Tone): [string, string] {
  const { paper, ink, link, scheme } = inks[tone]
  const before = `
    html { color-scheme: ${scheme}; font-size: ${look.size}%; line-height: ${look.spacing}; }
    p, li, blockquote, dd { line-height: ${look.spacing}; hanging-punctuation: allow-end last; orphans: 2; widows: 2; }
    ${look.font === 'book' ? `html { font-family: ${fonts.serif} }` : ''}
    img, svg, video { max-width: 100%; height: auto; }
    pre { white-space: pre-wrap; }
    table { max-width: 100%; }
  `
  const after = `
    html { --theme-bg-color: ${paper}; color: ${ink} !important; background: ${paper} !important; font-size: ${look.size}% !important; }
    body { color: inherit !important; background: transparent !important; }
    ${tone === 'light' ? '' : `body :not(img, svg, svg *, video, math, math *) { color: inherit !important; background-color: transparent !important; border-color: currentColor; }`}
    a:any-link, [data-outside] { color: ${link} !important; cursor: pointer; }
    [data-outside] { text-decoration: underline; }
    p, li, dd { hyphens: auto; }
    ${look.justify ? 'p, li, dd { text-align: justify !important; }' : ''}
    p, li, blockquote, dd { line-height: ${look.spacing} !important; }
    ${look.font === 'book' ? '' : `body, body *:not(pre, code, kbd, samp, math, math *) { font-family: ${fonts[look.font]} !important }`}
    :focus-visible { outline: 3px solid ${link}; outline-offset: 2px; }
    ::selection { background: ${link}; color: ${paper}; }
    aside[epub|type~="footnote"], aside[role~="doc-footnote"] { display: none; }
  `
  return [before, `@namespace epub "http://www.idpf.org/2007/ops";\n${after}`]
}

/** The tone of a look, with the app's own by day and by night. */
export function toneOf(look: Look, night: boolean): Tone {
  return look.theme === 'auto' ? (night ? 'dark' : 'light') : look.theme
}

/** Lays a look over what shows a book. */
export function dress(view: View, look: Look, tone: Tone): void {
  const { renderer } = view
  if (view.isFixedLayout) {
    renderer.setAttribute('zoom', look.flow === 'scrolled' ? 'fit-width' : 'fit-page')
    return
  }
  renderer.setAttribute('flow', look.flow)
  renderer.setAttribute('margin', '64px')
  renderer.setAttribute('gap', '7%')
  renderer.setAttribute('max-inline-size', '640px')
  renderer.toggleAttribute('animated', !still)
  renderer.setStyles?.(styles(look, tone))
}
