import { ClientResponseError } from 'pocketbase'
import { t } from './i18n'
import { fieldErrors, isOffline, pb, reason, status } from './pb'
import type { Document, Visibility } from './records'
import { keep, newest } from './shelf.svelte'
import { send } from './transfer'

/** What is said of all files of a batch before they are sent. */
export interface Plan {
  category: string
  visibility: Visibility
}

/** One file on its way into the library. */
export class Upload {
  readonly id: number
  readonly file: File
  readonly plan: Plan
  state = $state<'waiting' | 'sending' | 'sent' | 'failed'>('waiting')
  sent = $state(0)
  /** Bytes a second, of late. */
  speed = $state(0)
  error = $state('')
  /** Whether the same file may do better at another try: a network came back, a server recovered. */
  again = $state(false)
  document = $state.raw<Document | undefined>()
  abort = new AbortController()

  constructor(id: number, file: File, plan: Plan) {
    this.id = id
    this.file = file
    this.plan = plan
  }

  /** Seconds left at this speed, or undefined while that is unknown. */
  get left(): number | undefined {
    return this.speed > 0 ? (this.file.size - this.sent) / this.speed : undefined
  }
}

const atOnce = 2
const pollEvery = 4000

let next = 1
let all = $state<Upload[]>([])

/** The uploads of this visit, the oldest first. */
export function uploads(): readonly Upload[] {
  return all
}

/** How many files are on their way or waiting for it. */
export function sending(): number {
  return all.filter((upload) => upload.state === 'waiting' || upload.state === 'sending').length
}

/** Queues files. Folders and empty entries are left out. */
export function addFiles(files: Iterable<File>, plan: Plan): void {
  for (const file of files) all.push(new Upload(next++, file, plan))
  pump()
}

/** Stops an upload, or takes its row away when it has ended. */
export function drop(upload: Upload): void {
  upload.abort.abort()
  all = all.filter((other) => other !== upload)
  pump()
}

/** Sends a refused or broken file once more. */
export function retry(upload: Upload): void {
  upload.abort = new AbortController()
  upload.state = 'waiting'
  upload.error = ''
  upload.sent = 0
  pump()
}

/** Takes away all rows that have ended well. */
export function tidy(): void {
  all = all.filter((upload) => upload.state !== 'sent')
}

/** Stops everything: somebody signed out. */
export function stopAll(): void {
  for (const upload of all) upload.abort.abort()
  all = []
}

function pump(): void {
  const running = all.filter((upload) => upload.state === 'sending').length
  for (const upload of all.filter(({ state }) => state === 'waiting').slice(0, Math.max(0, atOnce - running))) void run(upload)
}

async function run(upload: Upload): Promise<void> {
  upload.state = 'sending'
  const form = new FormData()
  form.set('visibility', upload.plan.visibility)
  if (upload.plan.category) form.set('category', upload.plan.category)
  form.set('file', upload.file)
  try {
    const record = await send<Document>({
      method: 'POST',
      path: '/api/collections/documents/records',
      form,
      progress: meter(upload),
      signal: upload.abort.signal,
    })
    upload.document = record
    upload.state = 'sent'
    keep([record])
    void watch(record)
  } catch (error) {
    upload.state = 'failed'
    upload.error = words(error)
    upload.again = [0, 429].includes(status(error)) || status(error) >= 500
  } finally {
    pump()
  }
}

/** Why a file did not arrive, in the patron's words. */
export function words(error: unknown): string {
  if (error instanceof ClientResponseError && error.isAbort) return t('ui.upload.cancelled')
  if (isOffline(error)) return t('ui.upload.broken')
  const fields = fieldErrors(error)
  return fields.file ?? Object.values(fields)[0] ?? reason(error, t('ui.fault.text'))
}

function meter(upload: Upload): (p: { sent: number; total: number }) => void {
  let at = performance.now()
  let before = 0
  return ({ sent, total }) => {
    upload.sent = Math.min(upload.file.size, Math.max(0, sent - (total - upload.file.size)))
    const now = performance.now()
    if (now - at < 250) return
    const speed = ((sent - before) / (now - at)) * 1000
    upload.speed = upload.speed ? upload.speed * 0.7 + speed * 0.3 : speed
    at = now
    before = sent
  }
}

/** Asks after a preview now and then, in case the realtime connection is down. */
async function watch(record: Document): Promise<void> {
  while (newest(record).state === 'processing') {
    await new Promise((resolve) => setTimeout(resolve, pollEvery))
    if (newest(record).state !== 'processing') return
    if (document.hidden) continue
    try {
      keep([await pb.collection('documents').getOne<Document>(record.id)])
    } catch (error) {
      if (!isOffline(error)) return
    }
  }
}
