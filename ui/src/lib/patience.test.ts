import { afterEach, expect, test, vi } from 'vitest'
import { patientFetch, pause, retryAfter } from './patience'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('retryAfter reads seconds and dates', () => {
  const now = Date.parse('2026-11-24T12:00:00Z')
  expect(retryAfter('7')).toBe(7)
  expect(retryAfter('Tue, 24 Nov 2026 12:00:30 GMT', now)).toBe(30)
  expect(retryAfter('Tue, 24 Nov 2026 11:00:00 GMT', now)).toBe(0)
  expect(retryAfter(null)).toBe(1)
  expect(retryAfter('soon')).toBe(1)
  expect(retryAfter('-3')).toBe(0)
})

function answers(...all: Response[]) {
  const fetch = vi.fn(() => Promise.resolve(all.shift()!))
  vi.stubGlobal('fetch', fetch)
  return fetch
}

const busy = (after: string) => new Response(null, { status: 429, headers: { 'Retry-After': after } })

test('patientFetch waits as long as it is told and goes on', async () => {
  vi.useFakeTimers()
  const fetch = answers(busy('3'), new Response('ok'))
  const answer = patientFetch('/x')
  await vi.advanceTimersByTimeAsync(2900)
  expect(fetch).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(500)
  expect((await answer).status).toBe(200)
  expect(fetch).toHaveBeenCalledTimes(2)
})

test('patientFetch leaves a long wait to the patron', async () => {
  const fetch = answers(busy('900'))
  expect((await patientFetch('/x')).status).toBe(429)
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('patientFetch gives up after five tries', async () => {
  vi.useFakeTimers()
  const fetch = answers(...Array.from({ length: 6 }, () => busy('0')))
  const answer = patientFetch('/x')
  await vi.advanceTimersByTimeAsync(5000)
  expect((await answer).status).toBe(429)
  expect(fetch).toHaveBeenCalledTimes(5)
})

test('a pause ends with its signal', async () => {
  const abort = new AbortController()
  const paused = pause(60_000, abort.signal)
  abort.abort(new Error('enough'))
  await expect(paused).rejects.toThrow('enough')
})
