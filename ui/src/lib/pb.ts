import PocketBase, { ClientResponseError } from 'pocketbase'
import { patientFetch } from './patience'

/** The one client of our server, at the page's own origin. */
export const pb = new PocketBase('/')

pb.autoCancellation(false)
pb.beforeSend = (url, options) => ({ url, options: { ...options, fetch: patientFetch } })

/** What went wrong, in words for the patron: the server's own, already in their language. */
export function reason(error: unknown, otherwise: string): string {
  if (!(error instanceof ClientResponseError)) return otherwise
  return error.response?.message || otherwise
}

/** The server's words for each field that it refused. */
export function fieldErrors(error: unknown): Record<string, string> {
  const data: unknown = error instanceof ClientResponseError ? error.response?.data : undefined
  if (!data || typeof data !== 'object') return {}
  const entries = Object.entries(data as Record<string, { message?: string }>)
  return Object.fromEntries(entries.flatMap(([field, fault]) => (fault?.message ? [[field, fault.message]] : [])))
}

/** Whether no answer came at all: the network or the server is away. */
export function isOffline(error: unknown): boolean {
  return error instanceof ClientResponseError && error.status === 0 && !error.isAbort
}

/** The HTTP status of a refusal, 0 where there was no answer. */
export function status(error: unknown): number {
  return error instanceof ClientResponseError ? error.status : 0
}

/** The code of a refusal that is no field's, as the contract has it. */
export function faultCode(error: unknown): string {
  return error instanceof ClientResponseError ? (error.response?.data?.fault?.code ?? '') : ''
}

/** Seconds until a refused act may be tried again, as the server's Retry-After said; 0 where it said nothing. */
export function waitOf(error: unknown): number {
  return error instanceof ClientResponseError ? Number(error.response?.retryAfter ?? 0) : 0
}
