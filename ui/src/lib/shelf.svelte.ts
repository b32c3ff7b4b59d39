import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import { pb } from './pb'
import type { Document } from './records'

/** What this page knows of documents: the newest word on each, and which are gone. */
const known = new SvelteMap<string, Document>()
const gone = new SvelteSet<string>()
const hidden = new SvelteSet<string>()
const listeners = new Set<(document: Document) => void>()
let stop: (() => Promise<void>) | undefined

/** The fields that a cover in a list needs. */
export const coverFields =
  'id,collectionId,collectionName,title,authors,kind,contentType,thumbnail,state,stateDetail,stateMessage,owner,visibility,category,duration,pages,created,updated'

/** Keeps what a list or a page learned; fields that it did not ask for stay as known. */
export function keep(documents: readonly Document[]): void {
  for (const document of documents) {
    const before = known.get(document.id)
    known.set(document.id, before ? { ...before, ...document, expand: { ...before.expand, ...document.expand } } : document)
  }
}

/** The newest that is known of a document. Reactive. */
export function newest(document: Document): Document {
  return known.get(document.id) ?? document
}

/** What is known of a document by its id. Reactive. */
export function knownDocument(id: string): Document | undefined {
  return known.get(id)
}

/** Whether a document has been deleted while this page was open. Reactive. */
export function isGone(id: string): boolean {
  return gone.has(id)
}

/** The documents of a list that are still there, each as it is now. Reactive. */
export function present(documents: readonly Document[]): Document[] {
  return documents.filter(({ id }) => !gone.has(id) && !hidden.has(id)).map(newest)
}

/** Takes a document off every list while its deletion can still be undone, or puts it back. */
export function hide(id: string, away = true): void {
  if (away) hidden.add(id)
  else hidden.delete(id)
}

/** Hears of each document that comes to the library while the caller listens. */
export function onArrival(listener: (document: Document) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Follows the library's documents as they change. */
export async function follow(): Promise<void> {
  await unfollow()
  stop = await pb.collection('documents').subscribe<Document>('*', ({ action, record }) => {
    if (action === 'delete') {
      gone.add(record.id)
      return
    }
    keep([record])
    if (action === 'create') for (const listener of listeners) listener(record)
  })
}

/** Stops following: the connection was another token's, or somebody leaves. */
export async function unfollow(): Promise<void> {
  const unsubscribe = stop
  stop = undefined
  await unsubscribe?.().catch(() => undefined)
}

/** Stops following and forgets everything: somebody else may sit here next. */
export async function forget(): Promise<void> {
  known.clear()
  gone.clear()
  hidden.clear()
  await unfollow()
}
