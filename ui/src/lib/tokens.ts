import { getTokenPayload } from 'pocketbase'

/** What the token of a mail's link says of itself: whose it is, for which address. The server alone knows whether it is good. */
export interface Claims {
  /** The account's id. */
  id: string
  email: string
  newEmail: string
  /** Whether it is past its time by this device's clock, or no token at all. */
  stale: boolean
}

/** Reads a token without checking its signature. */
export function claimsOf(token: string): Claims {
  const { id, email, newEmail, exp } = getTokenPayload(token) as Record<string, unknown>
  const words = (value: unknown) => (typeof value === 'string' ? value : '')
  return { id: words(id), email: words(email), newEmail: words(newEmail), stale: typeof exp !== 'number' || exp * 1000 < Date.now() }
}
