import { getTokenPayload } from 'pocketbase'
import { pb } from './pb'
import type { Document } from './records'

interface Kept {
  token: string
  renewAt: number // milliseconds, by this device's clock
  owner: string // whose token it is: the auth token it was asked with
}

let kept: Kept | undefined
let asking: Promise<string> | undefined

/** Milliseconds before its end at which a token that lives so long is renewed. */
export function margin(lifetime: number): number {
  return Math.min(120_000, Math.max(1000, lifetime * 0.2))
}

/**
 * A file token that is valid now and for a while yet; empty for a guest. Renewed
 * before it ends; with renew, at once. One token serves all, so that a cover's
 * address stays the same for an hour and the browser can keep it.
 */
export async function fileToken(renew = false): Promise<string> {
  const owner = pb.authStore.token
  if (!pb.authStore.isValid) return ''
  if (!renew && kept && kept.owner === owner && Date.now() < kept.renewAt) return kept.token
  asking ??= ask(owner).finally(() => (asking = undefined))
  return asking
}

async function ask(owner: string): Promise<string> {
  const token = await pb.files.getToken()
  const end = Number(getTokenPayload(token).exp ?? 0) * 1000
  const lifetime = end - Date.now()
  kept = { token, owner, renewAt: end - margin(lifetime) }
  return token
}

/** The address of a document's file, with a token that is valid now. */
export async function fileUrl(document: Document, options: { download?: boolean } = {}): Promise<string> {
  return address(document, document.file, await fileToken(), options.download ? { download: true } : {})
}

/** The address of a document's cover, or undefined where there is none to be had. */
export async function coverUrl(document: Document, renew = false): Promise<string | undefined> {
  if (!document.thumbnail) return undefined
  return address(document, document.thumbnail, await fileToken(renew))
}

/** A guest, who sees only what is public, needs no token. */
function address(document: Document, name: string, token: string, options: { download?: boolean } = {}): string {
  return pb.files.getURL(document, name, token ? { ...options, token } : options)
}

/** Forgets the token, when somebody signs out or in. */
export function forgetFileToken(): void {
  kept = undefined
}
