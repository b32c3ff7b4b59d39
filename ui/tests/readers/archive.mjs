// Writes ZIP archives (stored, or deflated on request) for tests.
import * as zlib from 'node:zlib'

/** entries: [name, string or Buffer, {deflate, lie}?]; lie is a false unpacked size. */
export function zip(entries) {
  const parts = []
  const directory = []
  let offset = 0
  for (const [name, content, { deflate = false, lie } = {}] of entries) {
    const data = Buffer.isBuffer(content) ? content : Buffer.from(content)
    const packed = deflate ? zlib.deflateRawSync(data) : data
    const label = Buffer.from(name)
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(20, 4)
    head.writeUInt16LE(0x0800, 6)
    head.writeUInt16LE(deflate ? 8 : 0, 8)
    head.writeUInt32LE(crc(data), 14)
    head.writeUInt32LE(packed.length, 18)
    head.writeUInt32LE(lie ?? data.length, 22)
    head.writeUInt16LE(label.length, 26)
    const row = Buffer.alloc(46)
    row.writeUInt32LE(0x02014b50, 0)
    row.writeUInt16LE(20, 4)
    head.copy(row, 6, 4, 30)
    row.writeUInt32LE(offset, 42)
    parts.push(head, label, packed)
    directory.push(row, label)
    offset += head.length + label.length + packed.length
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}

// zlib.crc32 is newer than the oldest Node that we support.
const table = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1
  return n >>> 0
})
function crc(data) {
  if (zlib.crc32) return zlib.crc32(data)
  let c = 0xffffffff
  for (const byte of data) c = table[(c ^ byte) & 0xff] ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
