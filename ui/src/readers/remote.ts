import { patientFetch, pause } from '../lib/patience'
import { Trouble } from './trouble'

/** Bytes that can be read by ranges: a file on the server, or one already here. */
export interface Source {
  readonly size: number
  /** The bytes from begin up to (not including) end; fewer at the end of the source. */
  read(begin: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>
}

/** A Source over a Blob. */
export class BlobSource implements Source {
  constructor(private readonly blob: Blob) {}
  get size(): number {
    return this.blob.size
  }
  async read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.blob.slice(begin, end).arrayBuffer())
  }
}

const waits = [400, 1500, 4000] // milliseconds before each further try when the network or the server is away

/**
 * A document's file on the server. Its address carries a token that ends before
 * the reading does: whatever is refused is asked for again at a fresh address.
 */
export class RemoteFile implements Source {
  private address: string | undefined

  constructor(
    private readonly ask: () => Promise<string>,
    readonly size: number,
  ) {}

  /** An address that is valid now; with renew, another than the one that was refused. */
  async url(renew = false): Promise<string> {
    if (renew || !this.address || isOver(this.address)) this.address = await this.ask()
    return this.address
  }

  async read(begin: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.request({ Range: `bytes=${begin}-${Math.min(end, this.size) - 1}` }, signal)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return answer.status === 206 ? bytes : bytes.slice(begin, end)
  }

  /** The whole file; tells how much of it is here, from 0 to 1. Goes on where a broken connection left off. */
  async whole(progress: (fraction: number) => void, signal?: AbortSignal): Promise<Blob> {
    const parts: Uint8Array<ArrayBuffer>[] = []
    let received = 0
    for (let broken = 0; ; ) {
      const answer = await this.request(received ? { Range: `bytes=${received}-` } : {}, signal)
      if (received && answer.status !== 206) {
        parts.length = received = 0
      }
      const reader = answer.body?.getReader()
      try {
        for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
          parts.push(step.value)
          received += step.value.length
          progress(Math.min(1, received / (this.size || received)))
        }
        return new Blob(parts)
      } catch (error) {
        if (signal?.aborted || broken === waits.length) throw new Trouble('offline', { cause: error })
        await pause(waits[broken++] ?? 0, signal)
      }
    }
  }

  private async request(headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    for (let away = 0, refused = 0; ; ) {
      let answer: Response | undefined
      let cause: unknown
      try {
        answer = await patientFetch(await this.url(refused > 0), { headers, signal: signal ?? null, cache: 'no-store' })
      } catch (error) {
        if (signal?.aborted) throw error
        cause = error
      }
      if (answer?.ok) return answer
      if (answer && answer.status < 500) {
        if (++refused > 2) throw new Trouble('refused', { cause: answer.status })
        if (refused > 1) await pause(300, signal)
        continue
      }
      if (away === waits.length) throw new Trouble('offline', { cause: cause ?? answer?.status })
      await pause(waits[away++] ?? 0, signal)
    }
  }
}

/** Whether an address carries a token (a JWT) that has ended, by this device's clock. */
export function isOver(address: string, now = Date.now()): boolean {
  const payload = new URL(address, location.href).searchParams.get('token')?.split('.')[1]
  if (!payload) return false
  try {
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: number }
    return typeof exp === 'number' && exp * 1000 <= now + 500
  } catch {
    return false // no token of ours: the server decides
  }
}
