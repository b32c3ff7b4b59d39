import type { RecordModel } from 'pocketbase'
import { has, lang, t } from './i18n'
import { pb } from './pb'
import { roleName } from './roles'
import { may, session } from './session.svelte'

/** One line of the audit. */
export interface Entry extends RecordModel {
  actor: string
  actorName: string
  action: string
  collection: string
  record: string
  ip: string
  userAgent: string
  changes: string[] | null
  note: string
  created: string
}

/** What to see of the audit; days are YYYY-MM-DD in the patron's zone, both included. */
export interface AuditView {
  action: string
  who: string
  actor: string
  collection: string
  record: string
  from: string
  to: string
}

/** The actions that the audit knows, as the server calls them. */
export const actions = [
  'login', 'loginFailed', 'impersonate', 'create', 'update', 'delete', 'password', 'role', 'state', 'sessions', 'settings', 'backup', 'sql', 'import', 'note',
] as const

/** The collections that most of it is about. */
export const collections = [
  'documents', 'document_shares', 'document_links', 'categories', 'users', 'roles', 'library', 'library_settings', 'notifications', 'devices', 'regions', 'cities',
] as const

const perPage = 50

/** The audit, newest first, as far as it has been fetched. */
export class Audit {
  all = $state.raw<readonly Entry[]>([])
  /** What the records are called, by collection and id. */
  names = $state.raw<Readonly<Record<string, string>>>({})
  loading = $state(false)
  done = $state(false)
  failed = $state.raw<unknown>()
  #filter: string

  constructor(view: AuditView) {
    this.#filter = filterOf(view)
  }

  /** Fetches the next page, unless one is on its way or all are here. */
  async more(): Promise<void> {
    if (this.loading || this.done) return
    this.loading = true
    this.failed = undefined
    try {
      const items = await this.#fetch(this.all.at(-1))
      this.all = [...this.all, ...items]
      this.done = items.length < perPage
      void this.#learn(items)
    } catch (error) {
      this.failed = error
    } finally {
      this.loading = false
    }
  }

  /** Fetches what has come since the list was. */
  async refresh(): Promise<void> {
    const items = await this.#fetch()
    const have = new Set(this.all.map(({ id }) => id))
    this.all = [...items.filter(({ id }) => !have.has(id)), ...this.all]
    void this.#learn(items)
  }

  /** The page behind an entry. Lines come while one reads, so pages are counted from the last seen, not by number. */
  async #fetch(last?: Entry): Promise<Entry[]> {
    const behind = last && pb.filter('(created < {:at} || (created = {:at} && id < {:id}))', { at: last.created, id: last.id })
    const filter = [this.#filter, behind].filter(Boolean).join(' && ')
    const { items } = await pb.collection('audit_logs').getList<Entry>(1, perPage, { skipTotal: true, filter, sort: '-created,-id' })
    return items
  }

  /** Asks what the records are called; what is gone, or hidden from the patron, keeps its id. */
  async #learn(items: readonly Entry[]): Promise<void> {
    for (const [collection, { field, needs }] of Object.entries(called)) {
      const ids = new Set(items.filter((entry) => entry.collection === collection && entry.record).map(({ record }) => record))
      const unknown = [...ids].filter((id) => !(`${collection}/${id}` in this.names))
      if (unknown.length === 0 || (needs && !may(needs))) continue
      const filter = unknown.map((id) => pb.filter('id = {:id}', { id })).join(' || ')
      try {
        const { items: found } = await pb.collection(collection).getList(1, perPage, { skipTotal: true, filter, fields: `id,${field}` })
        const names = found.map((record) => [`${collection}/${record.id}`, nameOf(collection, record)])
        this.names = { ...this.names, ...Object.fromEntries(names) }
      } catch {
        // the lines stand without
      }
    }
  }
}

const called: Record<string, { field: string; needs?: string }> = {
  documents: { field: 'title' },
  categories: { field: 'name' },
  users: { field: 'name,username', needs: 'users.manage' },
  roles: { field: 'name' },
  regions: { field: 'name' },
  cities: { field: 'name' },
}

function nameOf(collection: string, record: RecordModel): string {
  if (collection === 'roles') return roleName({ name: String(record.name) })
  return String(record.title || record.name || record.username || record.id)
}

function filterOf({ action, who, actor, collection, record, from, to }: AuditView): string {
  const clauses = [
    action && pb.filter('action = {:action}', { action }),
    who && pb.filter('actorName ~ {:who}', { who }),
    actor && pb.filter('actor = {:actor}', { actor }),
    collection && pb.filter('collection = {:collection}', { collection }),
    record && pb.filter('record = {:record}', { record }),
    // A bare day is its first instant in the patron's zone.
    from && pb.filter('created >= {:from}', { from }),
    to && pb.filter('created < {:next}', { next: dayAfter(to) }),
  ]
  return clauses.filter(Boolean).join(' && ')
}

/** The day after one, both YYYY-MM-DD; empty where it is none. */
export function dayAfter(day: string): string {
  const at = Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(at) ? '' : new Date(at + 86_400_000).toISOString().slice(0, 10)
}

/** Writes a note into the audit, about a record if one is named. */
export async function writeNote(note: string, collection: string, record: string): Promise<void> {
  await pb.collection('audit_logs').create({ action: 'note', note, collection, record })
}

/** Where a line's record is to be seen by this patron; empty where it is not. */
export function placeOf({ action, collection, record }: Entry): string {
  if (action === 'delete') return ''
  if (collection === 'documents' && record) return `/documents/${record}`
  if (collection === 'categories' && record) return `/catalogue?category=${record}`
  if (collection === 'users' && record && may('users.manage')) return `/staff/patrons/${record}`
  if (collection === 'roles' && record && may('roles.manage')) return `/staff/roles/${record}`
  if (/^library/.test(collection) && may('library.manage')) return '/staff/library'
  if (/^(regions|cities)$/.test(collection) && may('places.manage')) return '/staff/places'
  return ''
}

/** Who did it: a name, or what stands for one. */
export function actorOf({ actor, actorName }: Entry): { name: string; own: boolean } {
  const stand = { guest: 'guest', job: 'job', command: 'command', 'deleted patron': 'gone' }[actorName]
  return stand && (!actor || stand === 'gone') ? { name: t(`ui.audit.who.${stand}`), own: false } : { name: actorName || actor, own: true }
}

/** What was done, in words; as the server calls it where we have none. */
export function actionName(action: string): string {
  return has(`ui.audit.action.${action}`) ? t(`ui.audit.action.${action}`) : action
}

/** By which way somebody signed in, or tried to. */
export function wayName(way: string): string {
  return has(`ui.audit.way.${way}`) ? t(`ui.audit.way.${way}`) : way
}

/** What a collection's records are, in words. */
export function collectionName(collection: string): string {
  return has(`ui.audit.collection.${collection}`) ? t(`ui.audit.collection.${collection}`) : collection
}

/** What a field is called on our pages; as the server calls it where it is on none. */
export function fieldName(field: string): string {
  const key = ['audit.field', 'field'].map((group) => `ui.${group}.${field}`).find(has)
  return key ? t(key) : field
}

/** Several words as a list, in the app's language. */
export function list(words: readonly string[]): string {
  return new Intl.ListFormat(lang()).format(words)
}

/** The day of a moment in the patron's zone, in words. */
export function dayName(at: Date): string {
  return new Intl.DateTimeFormat(lang(), { dateStyle: 'full', timeZone: session.timezone }).format(at)
}

/** The time of day of a moment in the patron's zone, to the second. */
export function timeName(at: Date): string {
  return new Intl.DateTimeFormat(lang(), { timeStyle: 'medium', timeZone: session.timezone }).format(at)
}
