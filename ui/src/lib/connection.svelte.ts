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
    if (active.length > 0 && session.me) void loadMe().then(signedOut, () => undefined)
  }
  pb.afterSend = (answer, data: unknown) => {
    if (answer.status === 401 && session.me && !/auth-with-password/.test(answer.url)) {
      leave()
      void signedOut()
    }
    return data
  }
}

/** Signs out and shows the door, when the account is no longer good. */
async function signedOut(): Promise<void> {
  if (session.me) return
  await depart()
  await go(`/signin?back=${encodeURIComponent(location.pathname + location.search)}`)
}

/** Signs out: forgets who was here and what they saw. */
export async function depart(): Promise<void> {
  stopAll()
  leave()
  await forget().catch((error: unknown) => {
    if (!isOffline(error) && status(error) >= 500) throw error
  })
}
