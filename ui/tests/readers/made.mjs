// Files made in code, large enough that a browser fetches them by ranges.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import { zip } from './archive.mjs'

/** A WAV of so many seconds: a quiet tone, 16-bit stereo at 44.1 kHz. */
export function wav(seconds) {
  const rate = 44100
  const data = Buffer.alloc(seconds * rate * 4)
  for (let i = 0; i < seconds * rate; i++) {
    const value = Math.round(Math.sin((i * 2 * Math.PI * 220) / rate) * 600)
    data.writeInt16LE(value, i * 4)
    data.writeInt16LE(value, i * 4 + 2)
  }
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(2, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 4, 28)
  head.writeUInt16LE(4, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}

/** An MP4 of so many seconds, or undefined without FFmpeg. */
export function mp4(seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'readers-'))
  try {
    const out = join(folder, 'v.mp4')
    const made = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=24:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=frequency=220:duration=${seconds}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-pix_fmt', 'yuv420p', '-g', '24', '-c:a', 'aac', '-movflags', '+faststart', out])
    return made.status === 0 ? readFileSync(out) : undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A PDF of so many pages, each with its number in large type, a link out of it and a picture that does not compress. */
export function pdf(pages) {
  const objects = ['<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>', '', '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>', '<</Type/Outlines/First 5 0 R/Last 5 0 R/Count 1>>', '']
  const first = objects.length
  objects.length += pages // the pages' own dictionaries lie together, as in files meant for the web
  const kids = Array.from({ length: pages }, (_, i) => first + i + 1)
  for (let n = 1; n <= pages; n++) {
    const text = `BT /F 48 Tf 100 600 Td (Page ${n} whale${n === 7 ? ' needle' : ''}) Tj ET q 300 0 0 300 100 200 cm /I Do Q`
    const content = objects.push(`<</Length ${text.length}>>stream\n${text}\nendstream`)
    const noise = randomBytes(300 * 300)
    const image = objects.push(Buffer.concat([Buffer.from(`<</Type/XObject/Subtype/Image/Width 300/Height 300/ColorSpace/DeviceGray/BitsPerComponent 8/Length ${noise.length}>>stream\n`), noise, Buffer.from('\nendstream')]))
    const uris = ['http://127.0.0.1:9/away', 'javascript:top.mark=1', 'file:///etc/passwd']
    const links = uris.map((uri, i) => `<</Type/Annot/Subtype/Link/Rect[100 ${700 + i * 30} 300 ${720 + i * 30}]/A<</S/URI/URI(${uri})>>>>`)
    const script = '<</Type/Annot/Subtype/Link/Rect[320 700 400 720]/A<</S/JavaScript/JS(app.alert\\(1\\);top.mark=1)>>>>'
    objects[first + n - 1] = `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents ${content} 0 R/Annots[${links.join('')}${script}]/Resources<</Font<</F 3 0 R>>/XObject<</I ${image} 0 R>>>>>>`
  }
  objects[1] = `<</Type/Pages/Count ${pages}/Kids[${kids.map((k) => `${k} 0 R`).join(' ')}]>>`
  objects[4] = `<</Title(Half way)/Parent 4 0 R/Dest[${kids[Math.floor(pages / 2)]} 0 R/Fit]>>`
  const parts = [Buffer.from('%PDF-1.7\n%\xe2\xe3\n', 'latin1')]
  const offsets = []
  let length = parts[0].length
  objects.forEach((object, i) => {
    offsets.push(length)
    const part = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')])
    parts.push(part)
    length += part.length
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  parts.push(Buffer.from(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${length}\n%%EOF`))
  return Buffer.concat(parts)
}

/** A PNG of one colour, width by height. */
export function png(width, height, [r, g, b]) {
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([r, g, b]))])
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(8 + body.length)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), 4 + body.length)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(Buffer.concat(Array(height).fill(row)))), chunk('IEND', Buffer.alloc(0))])
}

/** A comic of so many pages; the names do not sort as text. */
export function cbz(pages, more = []) {
  return zip([...Array.from({ length: pages }, (_, i) => [`p/page ${i + 1}.png`, png(200, 300, [(i * 40) % 256, 90, 160])]), ['__MACOSX/p/._page 1.png', 'x'], ['notes.txt', 'x'], ...more])
}

/** A plain EPUB of chapters; more says what else is in the package element and its manifest. */
export function epub(chapters, { language = 'en', spine = '', meta = '', items = [] } = {}) {
  const manifest = chapters.map((_, i) => `<item id="c${i}" href="c${i}.xhtml" media-type="application/xhtml+xml"/>`).join('')
  const refs = chapters.map((_, i) => `<itemref idref="c${i}"/>`).join('')
  const page = (title, body) => `<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>${title}</title></head><body>${body}</body></html>`
  return zip([
    ['mimetype', 'application/epub+zip'],
    ['META-INF/container.xml', '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'],
    ['OEBPS/book.opf', `<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="u"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="u">x</dc:identifier><dc:title>Made</dc:title><dc:language>${language}</dc:language>${meta}</metadata><manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>${manifest}${items.map(([name, type], i) => `<item id="x${i}" href="${name}" media-type="${type}"/>`).join('')}</manifest><spine ${spine}>${refs}</spine></package>`],
    ['OEBPS/nav.xhtml', page('nav', `<nav epub:type="toc"><ol>${chapters.map(([title], i) => `<li><a href="c${i}.xhtml">${title}</a></li>`).join('')}</ol></nav>`)],
    ...chapters.map(([title, body], i) => [`OEBPS/c${i}.xhtml`, page(title, body), { deflate: true }]),
    ...items.map(([name, , content]) => [`OEBPS/${name}`, content]),
  ])
}

function crc(data) {
  let c = 0xffffffff
  for (const byte of data) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}
