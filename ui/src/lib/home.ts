import { recall } from '../readers/place'
import { pb } from './pb'
import type { Document, Share } from './records'
import { coverFields, keep } from './shelf.svelte'
import { visited } from './visits'

export interface Opened {
  document: Document
  fraction: number
}

const few = 8
const many = 18

/** The newest documents that the patron may see. */
export async function newestDocuments(): Promise<Document[]> {
  const found = await pb.collection('documents').getList<Document>(1, many, { skipTotal: true, sort: '-created,-id', fields: coverFields })
  keep(found.items)
  return found.items
}

/** What the patron opened last on this device and has not finished, the latest first. */
export async function opened(): Promise<Opened[]> {
  const begun = visited()
    .map((id) => ({ id, fraction: recall(id)?.fraction ?? 0 }))
    .filter(({ fraction }) => fraction > 0 && fraction < 0.985)
    .slice(0, few)
  if (begun.length === 0) return []
  const filter = begun.map(({ id }) => pb.filter('id = {:id}', { id })).join(' || ')
  const { items } = await pb.collection('documents').getList<Document>(1, few, { skipTotal: true, filter, fields: coverFields })
  keep(items)
  return begun.flatMap(({ id, fraction }) => {
    const document = items.find((item) => item.id === id)
    return document ? [{ document, fraction }] : []
  })
}

/** What others shared with the patron, the latest first. */
export async function sharedWith(user: string): Promise<Document[]> {
  const { items } = await pb.collection('document_shares').getList<Share>(1, few, {
    skipTotal: true,
    sort: '-created,-id',
    filter: pb.filter('user = {:user}', { user }),
    expand: 'document',
  })
  const documents = items.flatMap((share) => share.expand?.document ?? [])
  keep(documents)
  return documents
}
