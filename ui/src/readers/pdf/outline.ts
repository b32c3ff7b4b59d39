import type { PDFDocumentProxy } from 'pdfjs-dist'
import type { Entry } from '../Contents.svelte'

/** A place in a PDF, by its name or by page and position. */
export type Destination = string | never[]

/** The contents of a PDF; none if it has none. */
export async function outlineOf(pdf: PDFDocumentProxy): Promise<Entry<Destination>[]> {
  return entries((await pdf.getOutline()) ?? [])
}

type Outline = Awaited<ReturnType<PDFDocumentProxy['getOutline']>>

function entries(outline: Outline): Entry<Destination>[] {
  return outline.map(({ title, dest, items }) => ({ label: title, href: dest as Destination | null, subitems: entries(items) }))
}
