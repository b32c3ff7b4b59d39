/** What a reader must know of a document; the app's own record fits. */
export interface DocumentRecord {
  id: string
  title: string
  authors: string[] | null
  kind: string
  contentType: string
  fileName: string
  fileSize: number
  language: string
  pages: number
  duration: number
}

export type ReaderName = 'pdf' | 'epub' | 'picture' | 'audio' | 'video' | 'comic' | 'text' | 'none'

const exact: Record<string, ReaderName> = {
  'application/pdf': 'pdf',
  'application/epub+zip': 'epub',
  'application/vnd.comicbook+zip': 'comic',
  'application/x-cbz': 'comic',
  'text/plain': 'text',
  'text/csv': 'text',
}
const pictures = /^image\/(jpeg|png|gif|webp|avif)$/

/** Which reader opens a document: decided by its sniffed content type, never by its name. */
export function readerFor(document: Pick<DocumentRecord, 'contentType'>): ReaderName {
  const type = (document.contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (exact[type]) return exact[type]
  if (pictures.test(type)) return 'picture'
  if (type.startsWith('audio/')) return 'audio'
  if (type.startsWith('video/')) return 'video'
  return 'none'
}

/** What every reader is given. */
export interface ReaderProps {
  document: DocumentRecord
  file: import('./remote').RemoteFile
  cover: string | undefined
  onclose: () => void
  ondownload: () => void
  onfail: (trouble: unknown) => void
}
