import { EPUB } from 'foliate-js/epub.js'
import { direction } from '../../lib/messages'
import type { Entry } from '../Contents.svelte'
import type { Source } from '../remote'
import { Trouble } from '../trouble'
import { Zip } from '../zip'
import { chapter, decode, guard, type Guard, type Resource } from './guard'

/** One line of a book's contents. */
export type TocItem = Entry<string>

/** A book as foliate-js has it: the parts that we use. */
export interface Book {
  sections: { id: string; linear?: string; size: number; load(): Promise<string>; unload(): void; resolveHref(href: string): string }[]
  toc?: TocItem[] | null
  dir?: string | null
  metadata?: { language?: string | string[]; title?: unknown }
  rendition?: { layout?: string }
  transformTarget: EventTarget
  destroy(): void
}

/** What lays out a book: in flowing pages (`foliate-paginator`) or fixed ones (`foliate-fxl`). */
export interface Renderer extends HTMLElement {
  setStyles?(styles: string | [string, string]): void
  getContents(): { doc: Document; index?: number }[]
  prev(): Promise<void>
  next(): Promise<void>
}

const maxChapterBytes = 30 * 2 ** 20

/** Opens an EPUB. Every resource passes the guard, as the last hand on it, before the browser gets an address for it. */
export async function openBook(source: Source, keep: Guard = guard): Promise<Book> {
  const zip = await Zip.open(source)
  const names = nameFinder(zip)
  const loadText = async (name: string) => {
    const bytes = await zip.bytes(names(name), maxChapterBytes)
    return bytes ? decode(bytes) : null
  }
  const loadBlob = async (name: string, type = '') => {
    const bytes = await zip.bytes(names(name))
    return bytes ? new Blob([bytes], { type }) : null
  }
  const getSize = (name: string) => zip.entries.get(names(name))?.size ?? 0
  let book: Book
  try {
    book = await new EPUB({ loadText, loadBlob, getSize, sha1 }).init()
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble('broken', { cause: error })
  }
  if (!book.sections.length) throw new Trouble('broken')
  const chapters = new Set(book.sections.map((section) => section.id))
  const target = book.transformTarget
  const announce = target.dispatchEvent.bind(target)
  target.dispatchEvent = (event) => {
    const untouched = announce(event)
    const resource = (event as CustomEvent<Resource>).detail
    keep(resource, chapters.has(resource.name))
    return untouched
  }
  for (const section of book.sections) {
    const load = section.load
    section.load = async () => (await load()) || URL.createObjectURL(new Blob([chapter('', 'text/html')], { type: 'application/xhtml+xml' }))
  }
  if (!/^(ltr|rtl)$/.test(book.dir ?? '')) book.dir = direction([book.metadata?.language].flat()[0] ?? '')
  return book
}

// Names in the package are decoded, those in the archive sometimes not.
function nameFinder(zip: Zip): (name: string) => string {
  const decoded = new Map([...zip.entries.keys()].map((name) => [safeDecode(name).normalize(), name]))
  return (name) => (zip.entries.has(name) ? name : (decoded.get(safeDecode(name).normalize()) ?? name))
}

function safeDecode(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

// Only obfuscated fonts want it; crypto.subtle is missing on a page served by plain HTTP from another machine.
async function sha1(text: string): Promise<Uint8Array> {
  if (!crypto.subtle) return new Uint8Array(20)
  return new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
}
