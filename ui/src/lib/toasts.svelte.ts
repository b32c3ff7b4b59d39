export interface Toast {
  id: number
  text: string
  /** Milliseconds that it stays. */
  stays: number
  bad?: boolean
  act?: { label: string; run: () => void }
  link?: { label: string; href: string }
}

let next = 1
let all = $state<Toast[]>([])

/** The short notes at the foot of the page. */
export function toasts(): readonly Toast[] {
  return all
}

/** Says something in passing. */
export function say(text: string, more: Partial<Omit<Toast, 'id' | 'text'>> = {}): number {
  const toast = { id: next++, text, stays: more.bad || more.link ? 10_000 : 5000, ...more }
  all.push(toast)
  if (all.length > 3) all.shift()
  setTimeout(() => hush(toast.id), toast.stays)
  return toast.id
}

/** Takes a note away. */
export function hush(id: number): void {
  all = all.filter((toast) => toast.id !== id)
}

const grace = 10_000

/**
 * Does something final after ten seconds in which the patron can undo it. When
 * the page is left before, it is done at once.
 */
export function undoable(text: string, undo: string, final: () => Promise<void>, undone: () => void): void {
  const finish = () => {
    clearTimeout(timer)
    window.removeEventListener('pagehide', finish)
    hush(id)
    void final()
  }
  const timer = setTimeout(finish, grace)
  window.addEventListener('pagehide', finish)
  const run = () => {
    clearTimeout(timer)
    window.removeEventListener('pagehide', finish)
    hush(id)
    undone()
  }
  const id = say(text, { stays: grace, act: { label: undo, run } })
}
