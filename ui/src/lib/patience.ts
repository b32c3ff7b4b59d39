/** The longest that we wait for a busy server by ourselves, in seconds; a longer one is the patron's to decide. */
const longest = 20
const tries = 5

/** Seconds asked for by an answer's Retry-After (a number, or an HTTP date), or 1 without one. */
export function retryAfter(value: string | null, now = Date.now()): number {
  if (!value) return 1
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds)
  const at = Date.parse(value)
  return Number.isNaN(at) ? 1 : Math.max(0, (at - now) / 1000)
}

/** fetch that obeys 429: it waits as long as Retry-After says and goes on. */
export async function patientFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  for (let tried = 1; ; tried++) {
    const answer = await fetch(input, init)
    if (answer.status !== 429 || tried === tries) return answer
    const seconds = retryAfter(answer.headers.get('Retry-After'))
    if (seconds > longest) return answer
    await pause(seconds * 1000 + Math.random() * 250, init?.signal)
  }
}

/** Waits some milliseconds; rejects at once when the signal aborts. */
export function pause(milliseconds: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason ?? new DOMException('Aborted', 'AbortError'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
