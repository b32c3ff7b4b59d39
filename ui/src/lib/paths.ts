/** What a pattern such as /documents/:id finds in a path, or undefined where it does not fit. */
export function fit(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const parts = path.replace(/(.)\/$/, '$1').split('/')
  if (wanted.length !== parts.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, want] of wanted.entries()) {
    const part = parts[i] ?? ''
    if (!want.startsWith(':')) {
      if (want !== part) return undefined
      continue
    }
    if (!part) return undefined
    try {
      params[want.slice(1)] = decodeURIComponent(part)
    } catch {
      return undefined
    }
  }
  return params
}

/**
 * The path to return to after signing in, out of an address that anyone may have
 * written: a path of our own origin, else the fallback (never //elsewhere, /\elsewhere or a scheme).
 */
export function safeBack(value: string | null | undefined, fallback = '/'): string {
  if (!value || !/^\/(?![/\\])/.test(value) || /[\u0000-\u0020\\]/.test(value)) return fallback
  const url = new URL(value, 'https://here.invalid')
  if (url.origin !== 'https://here.invalid' || url.pathname.startsWith('//')) return fallback
  return url.pathname + url.search + url.hash
}
