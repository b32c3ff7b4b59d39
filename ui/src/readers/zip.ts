import type { Source } from './remote'
import { Trouble } from './trouble'

/** The most entries that an archive may have. */
export const maxEntries = 10_000
/** The most bytes that one entry may unpack to. */
export const maxEntryBytes = 200 * 2 ** 20

const maxDirectoryBytes = 16 * 2 ** 20
const endMark = 0x06054b50
const end64Mark = 0x06064b50
const entryMark = 0x02014b50

export interface Entry {
  name: string
  size: number
  packed: number
  method: number
  offset: number
}

/**
 * Reads a ZIP archive (APPNOTE 6.3.9, with ZIP64) out of a Source, entry by entry, as
 * needed. What it unpacks is counted as it comes: the sizes that a file states are not believed.
 */
export class Zip {
  private constructor(
    private readonly source: Source,
    readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  static async open(source: Source): Promise<Zip> {
    const directory = await findDirectory(source)
    if (directory.count > maxEntries || directory.size > maxDirectoryBytes) throw new Trouble('tooBig')
    const bytes = await source.read(directory.offset, directory.offset + directory.size)
    return new Zip(source, readDirectory(bytes, directory.count))
  }

  /** An entry's content, or undefined where there is none of that name. */
  async bytes(name: string, limit = maxEntryBytes): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const entry = this.entries.get(name)
    if (!entry) return undefined
    if (entry.packed > limit) throw new Trouble('tooBig')
    const head = view(await this.source.read(entry.offset, entry.offset + 30))
    if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw new Trouble('broken')
    const begin = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true)
    const packed = await this.source.read(begin, begin + entry.packed)
    if (entry.method === 0) return packed
    if (entry.method !== 8) throw new Trouble('unsupported')
    return inflate(packed, limit)
  }
}

async function inflate(packed: Uint8Array<ArrayBuffer>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > limit) {
      await reader.cancel()
      throw new Trouble('tooBig')
    }
    parts.push(value)
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

interface Directory {
  count: number
  size: number
  offset: number
}

async function findDirectory(source: Source): Promise<Directory> {
  const start = Math.max(0, source.size - 65_557) // the end record and its longest comment
  const tail = view(await source.read(start, source.size))
  for (let at = tail.byteLength - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== endMark) continue
    const found = {
      count: tail.getUint16(at + 10, true),
      size: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true),
    }
    const is64 = found.count === 0xffff || found.size === 0xffffffff || found.offset === 0xffffffff
    return is64 && at >= 20 ? findDirectory64(source, Number(tail.getBigUint64(at - 12, true))) : found
  }
  throw new Trouble('broken')
}

async function findDirectory64(source: Source, at: number): Promise<Directory> {
  const record = view(await source.read(at, at + 56))
  if (record.byteLength < 56 || record.getUint32(0, true) !== end64Mark) throw new Trouble('broken')
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  }
}

function readDirectory(bytes: Uint8Array<ArrayBuffer>, count: number): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  const data = view(bytes)
  for (let at = 0, n = 0; n < count; n++) {
    if (at + 46 > data.byteLength || data.getUint32(at, true) !== entryMark) throw new Trouble('broken')
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => data.getUint16(at + o, true)) as [number, number, number]
    const nameBytes = bytes.subarray(at + 46, at + 46 + nameLength)
    const name = decodeName(nameBytes)
    const entry: Entry = {
      name,
      method: data.getUint8(at + 8) & 1 ? -1 : data.getUint16(at + 10, true), // an encrypted entry is none that we read
      packed: data.getUint32(at + 20, true),
      size: data.getUint32(at + 24, true),
      offset: data.getUint32(at + 42, true),
    }
    readExtra64(data, at + 46 + nameLength, extraLength, entry)
    if (!name.endsWith('/')) entries.set(name, entry)
    at += 46 + nameLength + extraLength + commentLength
  }
  return entries
}

function readExtra64(data: DataView, begin: number, length: number, entry: Entry): void {
  for (let at = begin; at + 4 <= Math.min(begin + length, data.byteLength); ) {
    const size = data.getUint16(at + 2, true)
    if (data.getUint16(at, true) === 1) {
      let field = at + 4
      for (const key of ['size', 'packed', 'offset'] as const) {
        if (entry[key] !== 0xffffffff || field + 8 > data.byteLength) continue
        entry[key] = Number(data.getBigUint64(field, true))
        field += 8
      }
      return
    }
    at += 4 + size
  }
}

function decodeName(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

function view(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
