import type { Document } from './records'

/** The fields of a document that a person edits. */
export interface Draft {
  title: string
  authors: string[]
  description: string
  category: string
  visibility: string
  language: string
  isbn: string
  series: string
  seriesIndex: string
  tags: string[]
  published: string
  publisher: string
  observations: string
  expiresOn: string
  alert: boolean
  daysToAlert: number | null
  alertEmails: string[]
  code: string
  kind: string
}

/** A document's fields, ready for a form. */
export function draftOf(d: Document): Draft {
  return {
    title: d.title,
    authors: d.authors ?? [],
    description: d.description,
    category: d.category,
    visibility: d.visibility,
    language: d.language,
    isbn: d.isbn,
    series: d.series,
    seriesIndex: d.seriesIndex ? String(d.seriesIndex) : '',
    tags: d.tags ?? [],
    published: d.published,
    publisher: d.publisher,
    observations: d.observations ?? '',
    expiresOn: d.expiresOn,
    alert: d.alert,
    daysToAlert: d.daysToAlert,
    alertEmails: d.alertEmails ?? [],
    code: d.code,
    kind: d.kind,
  }
}

/** What of a draft differs from the document: only that is sent, so that nobody's other change is undone. */
export function changes(draft: Draft, document: Document): Partial<Record<keyof Draft, unknown>> {
  const before = draftOf(document)
  const keys = Object.keys(draft) as Array<keyof Draft>
  const changed = keys.filter((key) => JSON.stringify(draft[key]) !== JSON.stringify(before[key]))
  return Object.fromEntries(changed.map((key) => [key, sent(draft, key)]))
}

function sent(draft: Draft, key: keyof Draft): unknown {
  if (key === 'seriesIndex') return Number(draft.seriesIndex.replace(',', '.')) || 0
  if (key === 'daysToAlert') return draft.daysToAlert ?? 0
  return draft[key]
}

/** Whether a document's owner may choose between book and document: EPUB and MOBI are books by themselves. */
export function mayBeBook(d: Document): boolean {
  return (d.kind === 'book' || d.kind === 'document') && !/epub|mobipocket|amazon\.ebook/.test(d.contentType)
}
