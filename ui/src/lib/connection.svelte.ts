import * as notices from './notices.svelte'
import { retryAfter } from './patience'
import { isOffline, pb, status } from './pb'
import { go } from './router.svelte'
import { loadMe, leave, session } from './session.svelte'
import { forget } from './shelf.svelte'
import { stopAll } from './uploads.svelte'

let online = $state(navigator.onLine)

/** Whether this device has a network, as far as the browser knows. Reactive. */
export function isOnline(): boolean {
  return online
}

/**
 * Follows the network and the account: when the server cuts the realtime connection
 * or answers 401, somebody may have been signed out elsewhere.
 */
export function watchConnection(): void {
  window.addEventListener('online', () => (online = true))
  window.addEventListener('offline', () => (online = false))
  pb.realtime.onDisconnect = (active) => {
    if (active.length > 0 && session.me && !session.renewing) void loadMe().then(signedOut, () => undefined)
  }
  pb.afterSend = (answer, data: unknown) => {
    if (answer.status === 401 && session.me && !session.renewing && !/auth-with-password/.test(answer.url)) {
      leave()
      void signedOut()
    }
    if (answer.status === 429) return { ...(data as object), retryAfter: retryAfter(answer.headers.get('Retry-After')) }
    return data
  }
  pb.authStore.onChange((token, record) => {
    if (!session.me || session.renewing) return
    if (!token) {
      leave()
      void signedOut()
    } else if (record && record.id !== session.me.user.id) window.location.reload() // somebody else, in another tab
  })
}

/** Signs out and shows the door, when the account is no longer good. */
async function signedOut(): Promise<void> {
  if (session.me) return
  await depart()
  if (location.pathname !== '/signin') await go(`/signin?back=${encodeURIComponent(location.pathname + location.search)}`)
}

/** Signs out: forgets who was here and what they saw. */
export async function depart(): Promise<void> {
  stopAll()
  leave()
  notices.forget()
  await forget().catch((error: unknown) => {
    if (!isOffline(error) && status(error) >= 500) throw error
  })
}
