import { getTokenPayload } from 'pocketbase'
import { forgetFileToken } from './files'
import { firstLanguage, lang, useLanguage } from './i18n'
import { isOffline, pb, status } from './pb'
import type { Library, Me, User } from './records'

let me = $state.raw<Me | undefined>()
let library = $state.raw<Library | undefined>()
let entries = $state(0)
let renewing = false

/** Who is here and in which library. Everything in it is reactive. */
export const session = {
  get me() {
    return me
  },
  get user() {
    return me?.user
  },
  get library() {
    return library
  },
  get name() {
    return library?.name || 'OnLibrary'
  },
  /** Counts the sign-ins of this visit, so that what hangs on a token can be set up anew. */
  get entries() {
    return entries
  },
  /** Whether our own password is being changed: until the new token is here, a refused one means nothing. */
  get renewing() {
    return renewing
  },
  /** The zone in which to show times: the patron's, else the library's as the server told, else this device's. */
  get timezone() {
    return me?.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone
  },
}

/** Whether the patron's role grants a permission. */
export function may(permission: string): boolean {
  return me?.role.permissions.includes(permission) ?? false
}

/** Whether the patron may change or delete what a patron owns. */
export function mayManage(owner: string): boolean {
  return !!me && (owner === me.user.id || may('documents.manage'))
}

/** Learns the library and, with a kept token, the patron. Rejects only when the server is away. */
export async function begin(): Promise<void> {
  const known = pb.authStore.isValid
  if (!known) pb.authStore.clear()
  pb.lang = firstLanguage()
  await Promise.all([loadLibrary(), known ? loadMe() : undefined])
  if (!me) await speak(firstLanguage(library?.defaultLanguage))
}

export async function loadLibrary(): Promise<void> {
  library = await pb.collection('library').getFirstListItem<Library>('')
}

/** Asks who is signed in; a token that died is put away. */
export async function loadMe(): Promise<void> {
  try {
    if (aged(pb.authStore.token)) await pb.collection('users').authRefresh()
    me = await pb.send<Me>('/api/library/me', {})
    await speak(me.user.language || me.language)
  } catch (error) {
    if (isOffline(error)) throw error
    if (![401, 403, 404].includes(status(error))) throw error
    if (!renewing) leave()
  }
}

/** Signs in by e-mail or username. */
export function signIn(identity: string, password: string): Promise<void> {
  return enter(() => pb.collection('users').authWithPassword(identity, password))
}

/** Signs in by any way that leaves a token in the client. */
export async function enter(way: () => Promise<unknown>): Promise<void> {
  await way()
  forgetFileToken()
  await loadMe()
  entries++
}

/** Changes the patron's own password, which ends every token, and signs in with the new one. */
export async function changePassword(user: User, oldPassword: string, password: string): Promise<void> {
  renewing = true
  try {
    await pb.collection('users').update(user.id, { oldPassword, password, passwordConfirm: password })
    await signIn(user.email || user.username, password)
  } finally {
    renewing = false
  }
}

/**
 * Makes a new address the account's, by the token of a mail; that ends every
 * session. Whoever is signed in here with that account stays so, unless more
 * than the password is asked for.
 */
export async function confirmEmail(token: string, password: string): Promise<void> {
  const { id, newEmail } = getTokenPayload(token)
  const own = me?.user.id === id
  renewing = own
  try {
    await pb.collection('users').confirmEmailChange(token, password)
    if (own) await signIn(String(newEmail), password).catch(leave)
  } finally {
    renewing = false
  }
}

/** Forgets who is here, on this device. */
export function leave(): void {
  me = undefined
  forgetFileToken()
  pb.authStore.clear()
}

/** Makes a language the app's and the one that the server answers in. */
export async function speak(language: string): Promise<void> {
  await useLanguage(language)
  pb.lang = lang()
}

/** Whether a token of five days has lived its first: then a new one is asked for. */
function aged(token: string): boolean {
  const left = Number(getTokenPayload(token).exp ?? 0) * 1000 - Date.now()
  return left < 4 * 24 * 3_600_000
}
