// Files to upload: well-formed ones, and the parts of which hostile ones are made.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import zlib from 'node:zlib'
import { root } from './server.mjs'

/** A ZIP archive of entries {name, data}, which may lie: {method, flags, crc, size, packedSize, attributes, made}. */
export function zip(entries, { comment = '', count, directoryOffset } = {}) {
  const bodies = []
  const directory = []
  let offset = 0
  for (const e of entries) {
    const name = Buffer.from(e.name)
    const data = Buffer.from(e.data ?? '')
    const method = e.method ?? 8
    const packed = e.packed ?? (method === 8 ? zlib.deflateRawSync(data, { level: 9 }) : data)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE((e.flags ?? 0) | 0x800, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(0x5b780000, 6)
    common.writeUInt32LE(e.crc ?? zlib.crc32(data), 10)
    common.writeUInt32LE(e.packedSize ?? packed.length, 14)
    common.writeUInt32LE(e.size ?? data.length, 18)
    common.writeUInt16LE(name.length, 22)
    bodies.push(Buffer.from('PK\x03\x04'), common, name, packed)
    const more = Buffer.alloc(14)
    more.writeUInt32LE(e.attributes ?? 0, 6)
    more.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, e.made ?? 3]), common, more, name)
    offset += 30 + name.length + packed.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(count ?? entries.length, 4)
  end.writeUInt16LE(count ?? entries.length, 6)
  end.writeUInt32LE(index.length, 8)
  end.writeUInt32LE(directoryOffset ?? offset, 12)
  end.writeUInt16LE(comment.length, 16)
  return Buffer.concat([...bodies, index, Buffer.from('PK\x05\x06'), end, Buffer.from(comment)])
}

const container = `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`

/** The entries of an EPUB; opf, chapter, cover and more replace or add parts. */
export function epubEntries({ title = 'A small book', author = 'Ann Author', language = 'en', cover = png(300, 400), coverName = 'cover.png', coverType = 'image/png', opf, chapter, containerXML = container, more = [] } = {}) {
  return [
    { name: 'mimetype', data: 'application/epub+zip', method: 0 },
    { name: 'META-INF/container.xml', data: containerXML },
    {
      name: 'EPUB/package.opf',
      data:
        opf ??
        `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:x:${title}</dc:identifier><dc:title>${title}</dc:title><dc:creator>${author}</dc:creator><dc:language>${language}</dc:language><meta property="dcterms:modified">2020-01-01T00:00:00Z</meta></metadata><manifest><item id="c" href="${coverName}" media-type="${coverType}" properties="cover-image"/><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/><item id="t" href="chapter.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="t"/></spine></package>`,
    },
    { name: 'EPUB/nav.xhtml', data: `<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>n</title></head><body><nav epub:type="toc"><ol><li><a href="chapter.xhtml">One</a></li></ol></nav></body></html>` },
    { name: 'EPUB/chapter.xhtml', data: chapter ?? `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head><body><h1>One</h1><p>${title}</p></body></html>` },
    { name: `EPUB/${coverName}`, data: cover },
    ...more,
  ]
}

export const epub = (options) => zip(epubEntries(options))

/** A chunk of a PNG. */
export function chunk(type, data = Buffer.alloc(0), crc) {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(8 + data.length + 4)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc ?? zlib.crc32(body), 8 + data.length)
  return out
}

/** The header chunk of a PNG. */
export function header(width, height, { depth = 8, colour = 2 } = {}) {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data[8] = depth
  data[9] = colour
  return chunk('IHDR', data)
}

export const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** A PNG with a coloured pattern that no two seeds share. */
export function png(width, height, seed = 1) {
  const rows = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0, at = 0; y < height; y++) {
    rows[at++] = 0
    for (let x = 0; x < width; x++) {
      rows[at++] = (x * seed) & 255
      rows[at++] = (y * 3 + seed) & 255
      rows[at++] = (x ^ y) & 255
    }
  }
  return Buffer.concat([pngSignature, header(width, height), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND')])
}

/** A PDF of pages that each show one line. */
export function pdf({ title = 'A small PDF', author = 'Ann Author', lines = [title], info = '' } = {}) {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Kids[${lines.map((_, i) => `${5 + i * 2} 0 R`).join(' ')}]/Count ${lines.length}>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    info || `<</Title(${title})/Author(${author})>>`,
  ]
  for (const line of lines) {
    const text = `0.2 0.4 0.8 rg 40 600 500 120 re f 0 g BT /F1 28 Tf 50 500 Td (${line}) Tj ET`
    objects.push(`<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents ${objects.length + 2} 0 R>>`)
    objects.push(`<</Length ${text.length}>>stream\n${text}\nendstream`)
  }
  return pdfOf(objects)
}

/** A PDF of the given objects; the first is its catalogue, the fourth its information. */
export function pdfOf(objects) {
  let out = '%PDF-1.7\n'
  const offsets = objects.map((text, i) => {
    const at = out.length
    out += `${i + 1} 0 obj\n${text}\nendobj\n`
    return at
  })
  const start = out.length
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}`
  out += `trailer\n<</Size ${objects.length + 1}/Root 1 0 R/Info 4 0 R>>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(out, 'latin1')
}

/** What FFmpeg writes with these arguments, in the format that the extension names. */
export function ffmpeg(extension, ...args) {
  const file = path.join(root, `made-${randomBytes(6).toString('hex')}.${extension}`)
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...args, file])
  return file
}

/** A JPEG on disk, with a comment of random bytes if told. */
export const jpegFile = (size = '1200x800') => ffmpeg('jpg', '-f', 'lavfi', '-i', `testsrc2=size=${size}`, '-frames:v', '1')

/** The JPEG with a comment of that many random bytes: another file of the same look. */
export function withComment(jpeg, bytes) {
  const parts = [jpeg.subarray(0, 2)]
  for (let left = bytes; left > 0; left -= 65_533) {
    const n = Math.min(left, 65_533)
    const head = Buffer.from([0xff, 0xfe, 0, 0])
    head.writeUInt16BE(n + 2, 2)
    parts.push(head, randomBytes(n))
  }
  return Buffer.concat([...parts, jpeg.subarray(2)])
}

/** An H.264 film on disk. */
export const filmFile = ({ seconds = 6, size = '640x360', title = 'A small film' } = {}) =>
  ffmpeg('mp4', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`, '-f', 'lavfi', '-i', 'sine', '-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-metadata', `title=${title}`, '-movflags', '+faststart')
