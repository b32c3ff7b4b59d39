import { pb } from './pb'
import { kinds, type Document } from './records'
import { coverFields } from './shelf.svelte'

/** A view on the catalogue, as its address says it. */
export interface View {
  q: string
  category: string
  kind: string
  whose: string
  sort: string
}

export const sorts: Readonly<Record<string, string>> = {
  newest: '-created,-id',
  title: 'title,id',
  published: '-published,-id',
  updated: '-updated,-id',
}

export const perPage = 36

/** Reads a view out of an address's query; what it does not know is left out. */
export function viewOf(query: URLSearchParams): View {
  const pick = (name: string, allowed: readonly string[]) => {
    const value = query.get(name) ?? ''
    return allowed.includes(value) ? value : ''
  }
  return {
    q: (query.get('q') ?? '').trim().slice(0, 200),
    category: /^\w{15}$/.exec(query.get('category') ?? '')?.[0] ?? '',
    kind: pick('kind', kinds),
    whose: pick('whose', ['mine', 'shared']),
    sort: pick('sort', Object.keys(sorts)) || 'newest',
  }
}

/** The filter of a view, in PocketBase's words. Every word typed must be found somewhere. */
export function filterOf(view: View, user: string): string {
  const clauses = searchWords(view.q).map((word) =>
    pb.filter('(title ~ {:w} || authors ~ {:w} || code ~ {:w} || isbn ~ {:n})', { w: word, n: isbnPart(word) }),
  )
  if (view.category) clauses.push(pb.filter('category = {:c}', { c: view.category }))
  if (view.kind) clauses.push(pb.filter('kind = {:k}', { k: view.kind }))
  if (view.whose === 'mine') clauses.push(pb.filter('owner = {:u}', { u: user }))
  if (view.whose === 'shared') clauses.push(pb.filter('document_shares_via_document.user ?= {:u}', { u: user }))
  return clauses.join(' && ')
}

/** One page of a view, without the count of all that costs so much. */
export async function fetchPage(view: View, user: string, page: number, signal?: AbortSignal): Promise<Document[]> {
  const found = await pb.collection('documents').getList<Document>(page, perPage, {
    skipTotal: true,
    sort: sorts[view.sort],
    filter: filterOf(view, user),
    fields: coverFields,
    ...(signal ? { signal } : {}),
  })
  return found.items
}

/** The words of a search, at most eight; an ISBN written with hyphens or spaces is one word. */
export function searchWords(q: string): string[] {
  const joined = q.replace(/\d[\d\s-]{8,}[\dXx]/g, (number) => {
    const digits = number.replace(/[\s-]/g, '')
    return digits.length === 10 || digits.length === 13 ? digits : number
  })
  return joined.split(/\s+/).filter(Boolean).slice(0, 8)
}

/** What of a word to look for in ISBNs, which are kept as 13 digits: of ten, the nine that both forms share. */
export function isbnPart(word: string): string {
  const digits = word.replace(/-/g, '')
  return /^\d{9}[\dXx]$/.test(digits) ? digits.slice(0, 9) : digits || word
}

/** Whether the patron has put anything into the library. */
export async function hasOwn(user: string): Promise<boolean> {
  const { items } = await pb.collection('documents').getList(1, 1, { skipTotal: true, fields: 'id', filter: pb.filter('owner = {:user}', { user }) })
  return items.length > 0
}

/** Whether anything is shared with the patron. */
export async function hasShared(user: string): Promise<boolean> {
  const { items } = await pb.collection('document_shares').getList(1, 1, { skipTotal: true, fields: 'id', filter: pb.filter('user = {:user}', { user }) })
  return items.length > 0
}
