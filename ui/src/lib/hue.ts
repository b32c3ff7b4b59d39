/** A number that is always the same for the same text (FNV-1a, 32 bits). */
export function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  return h >>> 0
}

/** The cloths in which covers are bound, as OKLCH hue and chroma. */
const cloths = [
  [28, 0.1],
  [50, 0.085],
  [82, 0.085],
  [135, 0.06],
  [165, 0.06],
  [200, 0.06],
  [240, 0.075],
  [265, 0.085],
  [310, 0.06],
  [355, 0.085],
] as const

/** How a drawn cover is bound: CSS colours of its cloth, its spine and its letters, and which frame is pressed into it. */
export interface Binding {
  cloth: string
  spine: string
  letters: string
  frame: number
}

/** The binding of a cover drawn from its title: every third in pale linen with dark letters, the others in deep cloth. */
export function binding(title: string): Binding {
  const h = hash(title.trim().toLowerCase())
  const [hue, chroma] = cloths[h % cloths.length]!
  const frame = (h >>> 16) % 4
  if ((h >>> 8) % 3 === 0) {
    return { cloth: `oklch(87% ${chroma * 0.55} ${hue})`, spine: `oklch(58% ${chroma} ${hue})`, letters: `oklch(30% ${chroma * 0.7} ${hue})`, frame }
  }
  const light = (h >>> 12) % 2 ? 47 : 42
  return { cloth: `oklch(${light}% ${chroma} ${hue})`, spine: `oklch(${light - 10}% ${chroma} ${hue})`, letters: 'oklch(97% 0.015 85)', frame }
}
