import type { Reading } from './reading.svelte'
import { sizes, stepped } from './theme'

/** Does what a key asks of a book; true if it asks for anything. */
export function bookKey(event: KeyboardEvent, reading: Reading, openPanel: (id: string) => void): boolean {
  const field = (event.target as Element | null)?.closest?.('input, button, a')
  if (field && (event.key === ' ' || event.key === 'Enter' || (field.matches('input') && event.key.startsWith('Arrow')))) return false
  const { look } = reading
  const line = reading.isScrolled ? 90 : undefined // px
  const resize = (by: 1 | -1) => (look.size = stepped(sizes, look.size, by))
  const acts: Record<string, () => unknown> = {
    ArrowLeft: () => reading.move((view) => view.goLeft()),
    ArrowRight: () => reading.move((view) => view.goRight()),
    ArrowUp: () => reading.move((view) => view.prev(line)),
    ArrowDown: () => reading.move((view) => view.next(line)),
    PageUp: () => reading.move((view) => view.prev()),
    PageDown: () => reading.move((view) => view.next()),
    ' ': () => reading.move((view) => (event.shiftKey ? view.prev() : view.next())),
    Home: () => reading.move((view) => view.goToFraction(0)),
    End: () => reading.move((view) => view.goToFraction(1)),
    '+': () => resize(1),
    '=': () => resize(1),
    '-': () => resize(-1),
    c: () => openPanel('contents'),
    s: () => openPanel('look'),
  }
  const act = acts[event.key]
  act?.()
  return !!act
}
