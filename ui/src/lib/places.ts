import { pb } from './pb'

/** Where a patron stopped in a document, kept on this device. */
export interface Place {
  /** The reader's own words for the position: a CFI, a page, seconds. */
  locator: string
  /** How far that is through the whole, 0 to 1. */
  fraction: number
  /** When, in milliseconds. */
  at: number
}

const most = 60

function key(): string {
  return `onlibrary.places.${pb.authStore.record?.id ?? 'guest'}`
}

/** All remembered places by document id. */
export function places(): Record<string, Place> {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? '{}') as Record<string, Place>
  } catch {
    return {}
  }
}

/** Where the patron stopped in a document, if they opened it on this device. */
export function placeOf(document: string): Place | undefined {
  return places()[document]
}

/** Remembers a place; the oldest ones beyond sixty are forgotten. */
export function rememberPlace(document: string, locator: string, fraction: number): void {
  const all = { ...places(), [document]: { locator, fraction, at: Date.now() } }
  const newest = Object.entries(all).sort(([, a], [, b]) => b.at - a.at).slice(0, most)
  save(Object.fromEntries(newest))
}

/** Forgets a document's place. */
export function forgetPlace(document: string): void {
  const { [document]: _, ...rest } = places()
  save(rest)
}

function save(all: Record<string, Place>): void {
  try {
    localStorage.setItem(key(), JSON.stringify(all))
  } catch {
    // Storage is full or closed to us: the place is lost, reading goes on.
  }
}
