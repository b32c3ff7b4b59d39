import { ClientResponseError } from 'pocketbase'
import { pb } from './pb'
import { pause, retryAfter } from './patience'

export interface Progress {
  sent: number
  total: number
}

export interface Sending {
  method: 'POST' | 'PATCH'
  path: string
  form: FormData
  progress: (p: Progress) => void
  signal: AbortSignal
}

/**
 * Sends a form to the server and tells how much of it has gone, which fetch can't.
 * Obeys 429 by waiting. Rejects with a ClientResponseError, as the SDK does.
 */
export async function send<T>(what: Sending): Promise<T> {
  for (let tried = 1; ; tried++) {
    const answer = await once(what)
    if (answer.status >= 200 && answer.status < 300) return answer.body as T
    const seconds = retryAfter(answer.retryAfter)
    if (answer.status !== 429 || tried === 10 || seconds > 120) {
      throw new ClientResponseError({ url: what.path, status: answer.status, response: answer.body })
    }
    await pause(seconds * 1000, what.signal)
  }
}

interface Answer {
  status: number
  body: unknown
  retryAfter: string | null
}

function once({ method, path, form, progress, signal }: Sending): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    request.open(method, pb.buildURL(path))
    request.setRequestHeader('Authorization', pb.authStore.token)
    request.setRequestHeader('Accept-Language', pb.lang)
    request.upload.onprogress = ({ loaded, total }) => progress({ sent: loaded, total })
    request.onload = () =>
      resolve({ status: request.status, body: parse(request.responseText), retryAfter: request.getResponseHeader('Retry-After') })
    request.onerror = () => reject(new ClientResponseError({ url: path, status: 0 }))
    request.onabort = () => reject(new ClientResponseError({ url: path, status: 0, isAbort: true }))
    request.onloadend = () => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    request.send(form)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
