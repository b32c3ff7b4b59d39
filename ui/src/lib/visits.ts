import { pb } from './pb'

const most = 40

function key(): string {
  return `onlibrary.visits.${pb.authStore.record?.id ?? 'guest'}`
}

/** The ids of what the patron opened on this device, the latest first. */
export function visited(): string[] {
  try {
    const ids: unknown = JSON.parse(localStorage.getItem(key()) ?? '[]')
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
  } catch {
    return [] // no storage here, or not ours
  }
}

/** Remembers that a document was opened; the oldest visits beyond forty are forgotten. */
export function visit(id: string): void {
  keep([id, ...visited().filter((other) => other !== id)].slice(0, most))
}

/** Forgets a document: it is not there any more. */
export function unvisit(id: string): void {
  keep(visited().filter((other) => other !== id))
}

function keep(ids: readonly string[]): void {
  try {
    localStorage.setItem(key(), JSON.stringify(ids))
  } catch {
    // Storage is full or closed to us: reading goes on without a memory.
  }
}
