interface Point {
  x: number
  y: number
}

const most = 8 // times the size that fits

/** A picture under the hand: how large it is shown against fitting its frame, and where it lies. */
export class Zoom {
  /** 1 is the whole picture in the frame. */
  scale = $state(1)
  x = $state(0)
  y = $state(0)
  private frame: HTMLElement | undefined
  private pointers = new Map<number, Point>()
  private moved = false

  get style(): string {
    return `translate(${this.x}px, ${this.y}px) scale(${this.scale})`
  }

  get isFitted(): boolean {
    return this.scale <= 1.001
  }

  fit(): void {
    this.scale = 1
    this.x = this.y = 0
  }

  /** Zooms by a factor about a point of the frame; its middle if none is given. */
  by(factor: number, at?: Point): void {
    const box = this.frame?.getBoundingClientRect()
    if (!box) return
    const scale = Math.min(most, Math.max(1, this.scale * factor))
    const [x, y] = at ? [at.x - box.left - box.width / 2, at.y - box.top - box.height / 2] : [0, 0]
    const real = scale / this.scale
    this.move(x - (x - this.x) * real - this.x, y - (y - this.y) * real - this.y, scale)
  }

  /** Moves the picture, never further than its edges. */
  move(dx: number, dy: number, scale = this.scale): void {
    const box = this.frame?.getBoundingClientRect()
    if (!box) return
    const [maxX, maxY] = [(box.width * (scale - 1)) / 2, (box.height * (scale - 1)) / 2]
    this.scale = scale
    this.x = Math.min(maxX, Math.max(-maxX, this.x + dx))
    this.y = Math.min(maxY, Math.max(-maxY, this.y + dy))
  }

  /** Attaches to the frame: wheel and pinch zoom, drag moves, a tap or a swipe is handed on. */
  attach = (frame: HTMLElement, ontap: (at: Point) => void, onswipe?: (direction: 1 | -1) => void): (() => void) => {
    this.frame = frame
    let start: Point = { x: 0, y: 0 }
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      this.by(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), { x: event.clientX, y: event.clientY })
    }
    const down = (event: PointerEvent) => {
      if (event.button) return
      frame.setPointerCapture(event.pointerId)
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
      start = { x: event.clientX, y: event.clientY }
      this.moved = this.pointers.size > 1
    }
    const drag = (event: PointerEvent) => {
      const before = this.pointers.get(event.pointerId)
      if (!before) return
      const now = { x: event.clientX, y: event.clientY }
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1]
      if (other) {
        const apart = (point: Point) => Math.hypot(point.x - other.x, point.y - other.y)
        this.by(apart(now) / Math.max(1, apart(before)), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 })
      }
      this.move((now.x - before.x) / this.pointers.size, (now.y - before.y) / this.pointers.size)
      this.pointers.set(event.pointerId, now)
      if (Math.hypot(now.x - start.x, now.y - start.y) > 8) this.moved = true
    }
    const up = (event: PointerEvent) => {
      if (!this.pointers.delete(event.pointerId) || event.type === 'pointercancel') return
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y]
      if (!this.moved) ontap({ x: event.clientX, y: event.clientY })
      else if (this.isFitted && Math.abs(dx) > 50 && Math.abs(dx) > 1.5 * Math.abs(dy)) onswipe?.(dx < 0 ? 1 : -1)
    }
    const resize = new ResizeObserver(() => this.move(0, 0))
    resize.observe(frame)
    frame.addEventListener('wheel', wheel, { passive: false })
    const listeners = { pointerdown: down, pointermove: drag, pointerup: up, pointercancel: up }
    for (const [type, listener] of Object.entries(listeners)) frame.addEventListener(type, listener as EventListener)
    return () => {
      resize.disconnect()
      frame.removeEventListener('wheel', wheel)
      for (const [type, listener] of Object.entries(listeners)) frame.removeEventListener(type, listener as EventListener)
    }
  }

  /** Keys that zoom and, where zoomed, move; true if it was one. */
  key(key: string): boolean {
    const acts: Record<string, () => void> = {
      '+': () => this.by(1.25),
      '=': () => this.by(1.25),
      '-': () => this.by(0.8),
      '0': () => this.fit(),
    }
    if (!this.isFitted)
      Object.assign(acts, {
        ArrowLeft: () => this.move(80, 0),
        ArrowRight: () => this.move(-80, 0),
        ArrowUp: () => this.move(0, 80),
        ArrowDown: () => this.move(0, -80),
      })
    acts[key]?.()
    return key in acts
  }
}
