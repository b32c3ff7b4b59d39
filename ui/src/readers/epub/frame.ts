/**
 * Whether a listener of ours hears what happens in a frame whose own scripts are off. One
 * engine (WebKit bug 218086) is deaf there: then the frame takes no pointer and the page
 * around it finds out what was meant.
 */
export async function frameIsHeard(): Promise<boolean> {
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', 'allow-same-origin')
  frame.hidden = true
  document.body.append(frame)
  try {
    let heard = false
    const inner = frame.contentDocument
    inner?.addEventListener('hark', () => (heard = true))
    inner?.dispatchEvent(new Event('hark'))
    return heard
  } finally {
    frame.remove()
  }
}

/** A point of a chapter in the coordinates of our page, whatever the frame's place and scale. */
export function outward(doc: Document, x: number, y: number): { x: number; y: number } {
  const frame = doc.defaultView?.frameElement
  if (!frame) return { x, y }
  const box = frame.getBoundingClientRect()
  const scale = box.width / (frame.clientWidth || box.width || 1)
  return { x: box.left + x * scale, y: box.top + y * scale }
}

/** The element of a chapter at a point of our page. */
export function inward(doc: Document, x: number, y: number): Element | null {
  const frame = doc.defaultView?.frameElement
  if (!frame) return null
  const box = frame.getBoundingClientRect()
  const scale = box.width / (frame.clientWidth || box.width || 1)
  return doc.elementFromPoint((x - box.left) / scale, (y - box.top) / scale)
}
