/**
 * Text of unknown encoding: by its byte order mark, else UTF-8 if it is that without a
 * fault, else UTF-16 if every other byte is zero, else Windows-1252. A cut last character is forgiven.
 */
export function decodeText(bytes: Uint8Array<ArrayBuffer>): string {
  const [a, b, c] = bytes
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (a === 0xef && b === 0xbb && c === 0xbf) return new TextDecoder().decode(bytes)
  const zeros = [0, 0]
  const sample = Math.min(bytes.length, 4096)
  for (let i = 0; i < sample; i++) if (bytes[i] === 0) zeros[i % 2]!++
  if (zeros[1]! > sample / 5) return new TextDecoder('utf-16le').decode(bytes)
  if (zeros[0]! > sample / 5) return new TextDecoder('utf-16be').decode(bytes)
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    return decoder.decode(bytes, { stream: true }) // a character cut off at the end is no fault
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
