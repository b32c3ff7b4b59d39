import { fetchPage, perPage, type View } from './catalogue'
import type { Document } from './records'
import { keep } from './shelf.svelte'

/** The documents of one view on the catalogue, as far as they have been fetched. */
export class Results {
  documents = $state.raw<readonly Document[]>([])
  loading = $state(false)
  failed = $state.raw<unknown>()
  done = $state(false)
  readonly key: string
  #page = 0
  #view: View
  #user: string

  constructor(view: View, user: string) {
    this.#view = view
    this.#user = user
    this.key = keyOf(view, user)
  }

  /** Fetches the next page, unless one is on its way or all are here. */
  async more(): Promise<void> {
    if (this.loading || this.done) return
    this.loading = true
    this.failed = undefined
    try {
      const found = await fetchPage(this.#view, this.#user, this.#page + 1)
      this.#page++
      keep(found)
      const have = new Set(this.documents.map(({ id }) => id))
      this.documents = [...this.documents, ...found.filter(({ id }) => !have.has(id))]
      this.done = found.length < perPage
    } catch (error) {
      this.failed = error
    } finally {
      this.loading = false
    }
  }

  /** Puts a document that has just come in front, where the newest are asked for. */
  arrived(document: Document): void {
    const { sort, q, category, kind, whose } = this.#view
    if (sort !== 'newest' || q || whose || (category && document.category !== category) || (kind && document.kind !== kind)) return
    if (!this.documents.some(({ id }) => id === document.id)) this.documents = [document, ...this.documents]
  }
}

let last: { results: Results; at: number } | undefined
const fresh = 120_000

/** The results of a view: the same as a moment ago, so that coming back finds the shelf as it was left. */
export function resultsOf(view: View, user: string): Results {
  if (last?.results.key === keyOf(view, user) && Date.now() - last.at < fresh && !last.results.failed) return last.results
  last = { results: new Results(view, user), at: Date.now() }
  return last.results
}

/** Has the next look at any view ask the server: something left it. */
export function outdate(): void {
  last = undefined
}

function keyOf(view: View, user: string): string {
  return JSON.stringify([user, view])
}
