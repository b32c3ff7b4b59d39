import { pause } from '../../lib/patience'
import { recall, remember } from '../place'
import { isOver, type RemoteFile } from '../remote'
import { Trouble, troubleOf } from '../trouble'

const waits = [0, 800, 2500] // milliseconds before each try to go on
export const speeds = [0.75, 1, 1.25, 1.5, 1.75, 2] as const

/**
 * Plays a file that the browser fetches by ranges. Each range carries the address's token:
 * when that has ended and the browser is refused, playing goes on at a fresh address, at
 * the same moment and in the same state.
 */
export class Player {
  playing = $state(false)
  waiting = $state(true)
  time = $state(0)
  duration = $state(0)
  buffered = $state(0)
  speed = $state(1)
  volume = $state(1)
  muted = $state(false)

  private wanted = false
  private tries = 0
  private moving = false
  private saved = 0
  private failedAt = 0
  private address = ''
  private element: HTMLMediaElement | undefined

  constructor(
    private readonly id: string,
    private readonly file: RemoteFile,
    private readonly onfail: (error: unknown) => void,
  ) {}

  /** Takes an audio or video element in hand; the answer lets it go. */
  attach = (element: HTMLMediaElement): (() => void) => {
    this.element = element
    this.time = Number(recall(this.id)?.locator) || 0
    const on: Record<string, () => void> = {
      timeupdate: () => this.tick(element),
      durationchange: () => (this.duration = Number.isFinite(element.duration) ? element.duration : 0),
      progress: () => (this.buffered = element.buffered.length ? element.buffered.end(element.buffered.length - 1) : 0),
      play: () => (this.playing = this.wanted = true),
      pause: () => {
        this.playing = false
        if (!this.moving && !element.error) this.wanted = false
        this.save()
      },
      waiting: () => (this.waiting = true),
      canplay: () => (this.waiting = false),
      playing: () => (this.waiting = false),
      ended: () => remember(this.id, { locator: '0', fraction: 1 }),
      ratechange: () => (this.speed = element.playbackRate),
      volumechange: () => {
        this.volume = element.volume
        this.muted = element.muted
      },
      error: () => void this.goOn(),
    }
    for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener)
    void this.load()
    return () => {
      for (const [type, listener] of Object.entries(on)) element.removeEventListener(type, listener)
      this.save()
      element.removeAttribute('src')
      element.load() // lets go of the connection
      this.element = undefined
    }
  }

  toggle(): void {
    if (this.wanted) this.stop()
    else this.play()
  }

  play(): void {
    this.wanted = true
    if (this.address && isOver(this.address)) void this.load()
    else this.element?.play().catch((error: unknown) => this.refused(error))
  }

  stop(): void {
    this.wanted = false
    this.element?.pause()
  }

  /** Moves to a moment, in seconds. */
  seek(to: number): void {
    const { element } = this
    if (!element) return
    const end = this.duration || to
    this.time = Math.max(0, Math.min(to, end))
    if (this.moving || !element.currentSrc) return // the load in hand takes it up
    if (isOver(this.address)) void this.load()
    else element.currentTime = this.time
    this.save()
  }

  skip(seconds: number): void {
    this.seek(this.time + seconds)
  }

  setSpeed(speed: number): void {
    if (this.element) this.element.playbackRate = this.element.defaultPlaybackRate = speed
  }

  setVolume(volume: number): void {
    if (!this.element) return
    this.element.volume = Math.max(0, Math.min(1, volume))
    this.element.muted = this.element.volume === 0
  }

  toggleMuted(): void {
    if (this.element) this.element.muted = !this.element.muted
  }

  private tick(element: HTMLMediaElement): void {
    if (this.moving || element.seeking) return
    this.time = element.currentTime
    if (Math.abs(this.time - this.failedAt) > 3) this.tries = 0
    if (Math.abs(this.time - this.saved) > 5) this.save()
  }

  private save(): void {
    this.saved = this.time
    if (this.duration) remember(this.id, { locator: this.time.toFixed(2), fraction: Math.min(1, this.time / this.duration) })
  }

  /** Loads the file at a valid address, at this moment and in this state. */
  private async load(): Promise<void> {
    this.moving = true
    this.waiting = true
    try {
      this.address = await this.file.url()
    } catch (error) {
      this.onfail(troubleOf(error))
      return
    }
    const { element } = this
    if (!element) return
    const rate = element.playbackRate
    element.src = this.address
    element.load()
    element.addEventListener(
      'loadedmetadata',
      () => {
        element.playbackRate = rate
        if (this.time > 0 && this.time < element.duration - 0.2) element.currentTime = this.time
        this.moving = false
        if (this.wanted) element.play().catch((error: unknown) => this.refused(error))
      },
      { once: true },
    )
  }

  private async goOn(): Promise<void> {
    const { error } = this.element ?? {}
    if (!isOver(this.address)) {
      if (this.tries >= waits.length) return this.onfail(new Trouble(error?.code === MediaError.MEDIA_ERR_NETWORK ? 'offline' : 'unsupported', { cause: error }))
      await pause(waits[this.tries++] ?? 0)
    }
    this.failedAt = this.time
    this.moving = true
    try {
      await this.file.read(0, 1) // tells a refusal or an absent server from a format that this browser does not play
    } catch (cause) {
      return this.onfail(troubleOf(cause))
    }
    await this.load()
  }

  private refused(error: unknown): void {
    if (error instanceof DOMException && error.name === 'NotAllowedError') {
      this.wanted = this.playing = false // the browser wants a tap first
      this.waiting = false
    }
  }
}

/** A moment as people write it: 4:05, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}
