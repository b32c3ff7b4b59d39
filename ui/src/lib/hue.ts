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
  [28, 0.09],
  [48, 0.075],
  [75, 0.06],
  [130, 0.05],
  [165, 0.055],
  [200, 0.055],
  [240, 0.07],
  [265, 0.08],
  [305, 0.065],
  [350, 0.08],
] as const

/** The cloth and the paper label of a cover drawn from its title, as CSS colours. */
export function binding(title: string): { cloth: string; deep: string; pattern: number } {
  const h = hash(title.trim().toLowerCase())
  const [hue, chroma] = cloths[h % cloths.length]!
  const light = 36 + ((h >>> 8) % 3) * 4
  return {
    cloth: `oklch(${light}% ${chroma} ${hue})`,
    deep: `oklch(${light - 9}% ${chroma} ${hue})`,
    pattern: (h >>> 16) % 4,
  }
}
