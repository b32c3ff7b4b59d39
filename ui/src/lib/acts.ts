import { readerFor, type ReaderName } from '../readers/document'
import type { Document } from './records'

export type Act = 'read' | 'listen' | 'watch' | 'view' | 'download'

const acts: Record<ReaderName, Act> = {
  pdf: 'read',
  epub: 'read',
  comic: 'read',
  text: 'read',
  picture: 'view',
  audio: 'listen',
  video: 'watch',
  none: 'download',
}

/** The one main act on a document: what opens in the app by its type, else a download. */
export function mainAct(document: Pick<Document, 'contentType'>): Act {
  return acts[readerFor(document)]
}
