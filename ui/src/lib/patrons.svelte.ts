import { pb } from './pb'
import type { User } from './records'

export type PatronFilter = '' | User['state']

/** Those who are about to be deleted: lists leave them out. */
export const leaving = $state<string[]>([])

const perPage = 50

/** The patrons that staff looks at, fetched page by page. */
export class Patrons {
  all = $state.raw<readonly User[]>([])
  loading = $state(false)
  done = $state(false)
  failed = $state.raw<unknown>()
  #filter: string
  #page = 0

  constructor(q: string, state: PatronFilter, role: string) {
    const clauses = q
      .split(/\s+/)
      .filter(Boolean)
      .slice(0, 5)
      .map((word) => pb.filter('(name ~ {:w} || username ~ {:w})', { w: word }))
    if (state) clauses.push(pb.filter('state = {:state}', { state }))
    if (role) clauses.push(pb.filter('role = {:role}', { role }))
    this.#filter = clauses.join(' && ')
  }

  /** Fetches the next page, unless one is on its way or all are here. */
  async more(): Promise<void> {
    if (this.loading || this.done) return
    this.loading = true
    this.failed = undefined
    try {
      const { items } = await pb.collection('users').getList<User>(this.#page + 1, perPage, {
        skipTotal: true,
        filter: this.#filter,
        sort: '-created,-id',
      })
      this.#page++
      this.all = [...this.all, ...items.filter(({ id }) => !this.all.some((user) => user.id === id))]
      this.done = items.length < perPage
    } catch (error) {
      this.failed = error
    } finally {
      this.loading = false
    }
  }

  /** Changes a patron and shows what became of them. */
  async change(user: User, what: Partial<Pick<User, 'state' | 'role'>>): Promise<void> {
    const saved = await pb.collection('users').update<User>(user.id, what)
    this.all = this.all.map((other) => (other.id === saved.id ? saved : other))
  }
}

/** A password that is easy to read out and to type: 12 of 31 letters and digits that nobody takes for each other, 59 bits. */
export function makePassword(): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyz'
  let word = ''
  while (word.length < 12) {
    const [byte = 255] = crypto.getRandomValues(new Uint8Array(1))
    if (byte < letters.length * 8) word += letters[byte % letters.length] // any more, and the first letters would come oftener
  }
  return word.replace(/.{4}(?!$)/g, '$&-')
}

/** How many wait to be let in. */
export async function countPending(): Promise<number> {
  const { totalItems } = await pb.collection('users').getList(1, 1, { filter: 'state = "pending"', fields: 'id' })
  return totalItems
}
