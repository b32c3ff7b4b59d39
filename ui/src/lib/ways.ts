import { ClientResponseError, type AuthMethodsList } from 'pocketbase'
import { lang } from './i18n'
import { pb } from './pb'

/** The ways into this library that its administrator has switched on. */
export type Ways = AuthMethodsList

/** Asks for the ways in. */
export function ways(): Promise<Ways> {
  return pb.collection('users').listAuthMethods()
}

/** The session of which a refusal says that one way is not enough, or undefined. */
export function unfinished(error: unknown): string | undefined {
  return error instanceof ClientResponseError && error.status === 401 ? error.response?.mfaId : undefined
}

/** By e-mail or username and password. mfa is the session of a first way, if there was one. */
export function byPassword(identity: string, password: string, mfaId: string): Promise<unknown> {
  return pb.collection('users').authWithPassword(identity, password, { body: { identity, password, ...(mfaId && { mfaId }) } })
}

/** By the code of a mail. */
export function byCode(otpId: string, password: string, mfaId: string): Promise<unknown> {
  return pb.collection('users').authWithOTP(otpId, password, { body: { otpId, password, ...(mfaId && { mfaId }) } })
}

/** By a provider, in a window of its own; a first visit makes an account. To be called by a press, or no window opens. */
export function byProvider(provider: string, mfaId: string): Promise<unknown> {
  const createData = { language: lang(), timezone: Intl.DateTimeFormat().resolvedOptions().timeZone }
  return pb.collection('users').authWithOAuth2({ provider, createData, ...(mfaId && { query: { mfaId } }) })
}

/** Asks for a code by mail; the answer is the same whether an account has the address or not. */
export async function askCode(email: string): Promise<string> {
  return (await pb.collection('users').requestOTP(email)).otpId
}
