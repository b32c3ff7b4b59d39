import { safeBack } from './paths'
import { fieldErrors, pb, status } from './pb'
import type { Notice } from './records'

const perPage = 20

let unread = $state(0)
let all = $state.raw<readonly Notice[]>([])
let away = $state.raw<readonly string[]>([])
let loading = $state(false)
let done = $state(false)
let failed = $state.raw<unknown>()
let user = ''
let wanted = false
let counting: ReturnType<typeof setTimeout> | undefined
let stop: Array<() => Promise<void>> = []

/** What the patron was told, the newest first, as far as it has been fetched. Everything in it is reactive. */
export const notices = {
  get unread() {
    return unread
  },
  get all() {
    return all.filter(({ id }) => !away.includes(id))
  },
  get loading() {
    return loading
  },
  get done() {
    return done
  },
  get failed() {
    return failed
  },
}

/** Follows a patron's notices in this tab; what is done in another one shows here too. */
export async function follow(id: string, count: number, arrived: (notice: Notice) => void): Promise<void> {
  forget()
  user = id
  unread = count
  const heard = pb.collection('notifications').subscribe<Notice>(
    '*',
    ({ action, record }) => {
      recountSoon()
      if (action === 'delete') drop(record.id)
      else if (action === 'update') take(record)
      else {
        if (wanted && !all.some((other) => other.id === record.id)) all = [record, ...all]
        arrived(record)
      }
    },
    { filter: mine() },
  )
  // Heard on every connection: what came while there was none is asked for.
  const connected = pb.realtime.subscribe('PB_CONNECT', () => {
    recountSoon()
    if (wanted && !loading) void refresh().catch(() => undefined)
  })
  stop = await Promise.all([heard, connected])
}

/** Stops following and forgets everything: somebody else may sit here next. */
export function forget(): void {
  for (const unsubscribe of stop) void unsubscribe().catch(() => undefined)
  stop = []
  clearTimeout(counting)
  user = ''
  unread = 0
  all = []
  wanted = done = false
  failed = undefined
}

/** Fetches the first notices, or those after the last one that is here. */
export async function more(): Promise<void> {
  if (loading || done || !user) return
  wanted = loading = true
  failed = undefined
  const whose = user
  try {
    const found = await fetchAfter(all.at(-1))
    if (whose !== user) return
    all = [...all, ...found.filter(({ id }) => !all.some((other) => other.id === id))]
    done = found.length < perPage
  } catch (error) {
    failed = error
  } finally {
    loading = false
  }
}

/** Marks a notice as read or unread. */
export async function mark(notice: Notice, read: boolean): Promise<void> {
  if (!!notice.readAt === read) return
  const change = (readAt: string) => pb.collection('notifications').update<Notice>(notice.id, { readAt })
  const now = new Date().toISOString()
  take({ ...notice, readAt: read ? now : '' })
  unread = Math.max(0, unread + (read ? -1 : 1))
  try {
    // A device whose clock is fast would tell of a time to come: then the notice's own is the latest that is certain.
    take(await change(read ? now : '').catch((error: unknown) => (fieldErrors(error).readAt ? change(notice.created) : Promise.reject(error))))
  } catch (error) {
    if (status(error) === 404) drop(notice.id)
    else take(notice)
    recountSoon()
    if (status(error) !== 404) throw error
  }
}

/** Marks all as read, those too that have not been fetched. */
export async function markAll(): Promise<void> {
  await pb.send('/api/library/notifications/read-all', { method: 'POST' })
  const now = new Date().toISOString()
  all = all.map((notice) => (notice.readAt ? notice : { ...notice, readAt: now }))
  unread = 0
}

/** Takes a notice off the list while its deletion can still be undone, or puts it back. */
export function hide(id: string, hidden = true): void {
  away = hidden ? [...away, id] : away.filter((other) => other !== id)
}

/** Deletes a notice for good. */
export async function remove(id: string): Promise<void> {
  await pb
    .collection('notifications')
    .delete(id, { keepalive: true })
    .catch((error: unknown) => {
      if (status(error) !== 404) throw error
    })
  drop(id)
  recountSoon()
}

/**
 * Where a notice leads: a path of ours or an https address, whatever else its
 * sender wrote, else its document; undefined where it leads nowhere.
 */
export function leadsTo(notice: Pick<Notice, 'webAction' | 'document'>, origin: string): { href: string; outside: boolean } | undefined {
  const { webAction, document } = notice
  if (webAction.startsWith('https://') && URL.canParse(webAction)) {
    const url = new URL(webAction)
    const href = url.origin === origin ? url.pathname + url.search + url.hash : url.href
    return { href, outside: url.origin !== origin }
  }
  const href = safeBack(webAction, document && `/documents/${document}`)
  return href ? { href, outside: false } : undefined
}

function mine(): string {
  return pb.filter('user = {:user}', { user })
}

async function fetchAfter(last?: Notice): Promise<Notice[]> {
  const after = last && pb.filter(' && created <= {:at} && (created < {:at} || id < {:id})', { at: last.created, id: last.id })
  const { items } = await pb.collection('notifications').getList<Notice>(1, perPage, {
    skipTotal: true,
    sort: '-created,-id',
    filter: mine() + (after ?? ''),
  })
  return items
}

async function refresh(): Promise<void> {
  const found = await fetchAfter()
  const end = all.findIndex(({ id }) => id === found.at(-1)?.id)
  done = found.length < perPage || (end >= 0 && done)
  all = end < 0 ? found : [...found, ...all.slice(end + 1)]
}

/** Keeps the newest word on a notice that is here. */
function take(notice: Notice): void {
  all = all.map((other) => (other.id === notice.id ? notice : other))
}

function drop(id: string): void {
  all = all.filter((notice) => notice.id !== id)
}

/** Asks how many are unread, once for many changes that come together. */
function recountSoon(): void {
  clearTimeout(counting)
  counting = setTimeout(() => void recount().catch(() => undefined), 200)
}

async function recount(): Promise<void> {
  const whose = user
  if (!whose) return
  const { totalItems } = await pb.collection('notifications').getList(1, 1, { filter: `${mine()} && readAt = ""`, fields: 'id' })
  if (whose === user) unread = totalItems
}
