// Files that mean harm. Each is made when it is asked for, since some are large.
import fs from 'node:fs'
import zlib from 'node:zlib'
import { chunk, epub, epubEntries, ffmpeg, filmFile, header, jpegFile, pdf, pdfOf, png, pngSignature, zip } from './make.mjs'

const MB = 1 << 20
const zeros = (n) => Buffer.alloc(n)
const once = (make) => {
  let made
  return () => (made ??= make())
}
const film = once(() => fs.readFileSync(filmFile({ seconds: 1, size: '320x240' })))
const jpeg = once(() => fs.readFileSync(jpegFile('400x300')))

/** Deflated zeros, at a thousandth of their size: one block over and over. */
function deflatedZeros(megabytes) {
  const block = zlib.deflateRawSync(zeros(MB), { level: 9, finishFlush: zlib.constants.Z_FULL_FLUSH })
  return Buffer.concat([...Array.from({ length: megabytes }, () => block), Buffer.from([0x03, 0x00])])
}

/** A PNG of black pixels, as small as it can be. */
function blackPNG(width, height, { depth = 8, colour = 2 } = {}) {
  const samples = { 0: 1, 2: 3, 6: 4 }[colour]
  const size = (Math.ceil((width * samples * depth) / 8) + 1) * height
  const whole = Math.ceil(size / MB)
  const block = zlib.deflateRawSync(zeros(MB), { level: 9, finishFlush: zlib.constants.Z_FULL_FLUSH })
  const rest = zlib.deflateRawSync(zeros(size - (whole - 1) * MB), { level: 9 })
  const sum = Buffer.alloc(4) // Adler-32 of zeros
  sum.writeUInt16BE(size % 65521, 0)
  sum.writeUInt16BE(1, 2)
  const data = Buffer.concat([Buffer.from([0x78, 0xda]), ...Array.from({ length: whole - 1 }, () => block), rest, sum])
  return Buffer.concat([pngSignature, header(width, height, { depth, colour }), chunk('IDAT', data), chunk('IEND')])
}

const opfWith = (metadata, before = '', manifest = '') =>
  `<?xml version="1.0"?>${before}<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">${metadata}</metadata><manifest>${manifest}<item id="c" href="cover.png" media-type="image/png" properties="cover-image"/></manifest><spine/></package>`

const laughs = `<!DOCTYPE p [<!ENTITY a "ha ha ha ha ha ha ha ha ha ha">${'abcdefghi'
  .split('')
  .map((c, i, all) => (i === 0 ? '' : `<!ENTITY ${c} "${`&${all[i - 1]};`.repeat(10)}">`))
  .join('')}]>`

const svg = (body, size = 'width="300" height="400"') => `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>${body}</svg>`
const svgCover = (text) => epub({ cover: text, coverName: 'cover.svg', coverType: 'image/svg+xml' })

function box(type, ...content) {
  const body = Buffer.concat(content)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length, 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body])
}

/** The film with the bytes at an offset from a box's name replaced, wherever that box is. */
function patched(type, offset, bytes) {
  const out = Buffer.from(film())
  for (let at = out.indexOf(type, 0, 'latin1'); at >= 0; at = out.indexOf(type, at + 1, 'latin1')) Buffer.from(bytes).copy(out, at + offset)
  return out
}

const syncsafe = (n) => Buffer.from([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127])
const mp3 = once(() => fs.readFileSync(ffmpeg('mp3', '-f', 'lavfi', '-i', 'sine', '-t', '1', '-id3v2_version', '0', '-write_id3v1', '0')))

/** An MP3 whose tag and picture frame say other sizes than they have. */
const tagged = (tagSize, frameSize, body) => {
  const frame = Buffer.concat([Buffer.from('APIC'), syncsafe(frameSize), Buffer.from([0, 0]), body])
  return Buffer.concat([Buffer.from('ID3\x04\x00\x00', 'latin1'), syncsafe(tagSize), frame, mp3()])
}

/** A JPEG with an EXIF block of those bytes. */
const withExif = (...blocks) => {
  const parts = [jpeg().subarray(0, 2)]
  for (const tiff of blocks) {
    const head = Buffer.from([0xff, 0xe1, 0, 0])
    head.writeUInt16BE(tiff.length + 8, 2)
    parts.push(head, Buffer.from('Exif\0\0'), tiff)
  }
  return Buffer.concat([...parts, jpeg().subarray(2)])
}

/** A JPEG that says to be of another size. */
function resizedJPEG(width, height) {
  const out = Buffer.from(jpeg())
  const at = out.indexOf(Buffer.from([0xff, 0xc0]))
  out.writeUInt16BE(height, at + 5)
  out.writeUInt16BE(width, at + 7)
  return out
}

function gifHeader(width, height, frames = 1) {
  const head = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1')
  head.writeUInt16LE(width, 6)
  head.writeUInt16LE(height, 8)
  const frame = Buffer.from('\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0', 'latin1')
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame), Buffer.from(';')])
}

/** A PDF page that draws what the objects from the sixth on hold. */
const drawing = (content, resources, ...more) =>
  pdfOf(['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[5 0 R]/Count 1>>', '<<>>', '<</Title(x)>>', `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<${resources}>>/Contents 6 0 R>>`, stream(content), ...more])
const stream = (text, entries = '') => `<</Length ${text.length}${entries}>>stream\n${text}\nendstream`

/** Forms that each draw the next ten times. */
const formBomb = (depth) =>
  drawing('/X0 Do', '/XObject<</X0 7 0 R>>', ...Array.from({ length: depth }, (_, i) => stream(i === depth - 1 ? '0 0 9 9 re f' : `/X${i + 1} Do `.repeat(10), `/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</X${i + 1} ${8 + i} 0 R>>>>`)))

/** An archive whose entries all are the same bytes. */
function overlapping(n) {
  const packed = deflatedZeros(150)
  const archive = zip([{ name: 'page.png', packed, size: 150 * MB, crc: 0 }])
  const end = archive.lastIndexOf('PK\x05\x06')
  const start = archive.readUInt32LE(end + 16)
  const entry = archive.subarray(start, end)
  const entries = Array.from({ length: n }, (_, i) => {
    const copy = Buffer.from(entry)
    copy.write(String(i).padStart(4, '0'), 46, 'latin1')
    return copy
  })
  const tail = Buffer.from(archive.subarray(end))
  tail.writeUInt16LE(n, 8)
  tail.writeUInt16LE(n, 10)
  tail.writeUInt32LE(entry.length * n, 12)
  return Buffer.concat([archive.subarray(0, start), ...entries, tail])
}

const symlink = { attributes: (0o120777 << 16) >>> 0 }
const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01\x00', 'latin1'), zeros(512)])
const html = '<!doctype html><html><script>alert(1)</script></html>'

/** What must be refused in the request, with the codes that may say why. */
export const refused = [
  ['page.html', () => html, ['file_type_not_allowed']],
  ['drawing.svg', () => svg('<script>alert(1)</script>'), ['file_type_not_allowed']],
  ['program.exe', () => elf, ['file_type_not_allowed']],
  ['no extension', () => png(9, 9), ['file_type_missing']],
  ['empty.txt', () => '', ['file_empty']],
  ['empty.pdf', () => '', ['file_empty']],
  ['html.png', () => html],
  ['html.pdf', () => html],
  ['html.epub', () => html],
  ['html.jpg', () => html],
  ['html.mp4', () => html],
  ['svg.png', () => svg('')],
  ['svg.webp', () => svg('')],
  ['elf.png', () => elf],
  ['elf.pdf', () => elf],
  ['elf.epub', () => elf],
  ['elf.mp3', () => elf],
  ['elf.txt', () => elf],
  ['script.jpg', () => '#!/bin/sh\nid\n'],
  ['png.jpg', () => png(20, 20)],
  ['jpeg.gif', jpeg],
  ['pdf.epub', () => pdf()],
  ['zip.epub', () => zip([{ name: 'a.txt', data: 'a' }])],
  ['zip.docx', () => zip([{ name: 'a.txt', data: 'a' }])],
  ['exe in a.rar', () => elf],
  ['truncated.epub', () => epub().subarray(0, 600), ['file_broken']],
  ['truncated.zip', () => zip([{ name: 'a', data: 'a'.repeat(999) }]).subarray(0, 40), ['file_broken']],
  ['no entries.zip', () => Buffer.from('PK\x03\x04 and nothing else'), ['file_broken']],
  ['50,000 by 50,000.png', () => Buffer.concat([pngSignature, header(50_000, 50_000), chunk('IDAT', zlib.deflateSync(zeros(99)))]), ['image_too_large']],
  ['20,000 by 20,000.png', () => blackPNG(20_000, 20_000, { colour: 0, depth: 1 }), ['image_too_large']],
  ['65,535 by 65,535.jpg', () => resizedJPEG(65_535, 65_535), ['image_too_large']],
  ['65,535 by 65,535.gif', () => gifHeader(65_535, 65_535), ['image_too_large']],
  ['header cut.png', () => png(20, 20).subarray(0, 20)],
]

/** What may be refused or end its job, as long as it does so clearly. */
export const hostile = [
  // Pictures.
  ['truncated.png', () => png(900, 900).subarray(0, 2000)],
  ['wrong checksums.png', () => Buffer.concat([pngSignature, header(100, 100), chunk('IDAT', zlib.deflateSync(zeros(30_100)), 1), chunk('IEND', undefined, 2)])],
  ['no pixels.png', () => Buffer.concat([pngSignature, header(0, 0), chunk('IEND')])],
  ['bomb inside.png', () => Buffer.concat([pngSignature, header(100, 100), chunk('IDAT', Buffer.concat([Buffer.from([0x78, 0xda]), deflatedZeros(2000)])), chunk('IEND')])],
  ['comment bomb.png', () => Buffer.concat([pngSignature, header(10, 10), chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), Buffer.from([0x78, 0xda]), deflatedZeros(2000)])), chunk('IDAT', zlib.deflateSync(zeros(310))), chunk('IEND')])],
  ['one long line.png', () => blackPNG(20_000, 1)],
  ['truncated.jpg', () => jpeg().subarray(0, 3000)],
  ['20,000 by 2,500 of nothing.jpg', () => resizedJPEG(20_000, 2500)],
  ['huge EXIF.jpg', () => withExif(...Array.from({ length: 400 }, () => zeros(65_000)))],
  ['looping EXIF.jpg', () => withExif(Buffer.concat([Buffer.from('II*\0\x08\0\0\0\0\0\x08\0\0\0', 'latin1'), zeros(40)]))],
  ['EXIF out of bounds.jpg', () => withExif(Buffer.from('MM\0*\xff\xff\xff\xf0\0\x01\x01\x12\0\x03\xff\xff\xff\xff\x7f\xff\xff\xff', 'latin1'))],
  ['2,000 frames.gif', () => gifHeader(300, 300, 2000)],
  ['endless GIF.gif', () => Buffer.concat([gifHeader(50, 50, 1).subarray(0, -1), Buffer.from('\x2c\0\0\0\0\x32\0\x32\0\0\x02', 'latin1'), ...Array.from({ length: 40_000 }, () => Buffer.concat([Buffer.from([255]), zeros(255)]))])],
  ['canvas of 16,384.webp', () => Buffer.from('RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\x3f\0\xff\x3f\0', 'latin1')],
  ['broken.webp', () => Buffer.concat([Buffer.from('RIFF\xff\xff\xff\x7fWEBPVP8 \xff\xff\xff\x7f', 'latin1'), zeros(200)])],
  ['absurd.avif', () => Buffer.concat([box('ftyp', Buffer.from('avif\0\0\0\0avifmif1')), box('meta', zeros(4), box('iprp', box('ipco', box('ispe', Buffer.from('\0\0\0\0\x7f\xff\xff\xff\x7f\xff\xff\xff', 'latin1')))))])],
  ['nested boxes.heic', () => Buffer.concat([box('ftyp', Buffer.from('heic\0\0\0\0heic')), Array.from({ length: 3000 }).reduce((inner) => box('meta', zeros(4), inner), zeros(0))])],
  // Polyglots.
  ['picture and archive.gif', () => Buffer.concat([gifHeader(10, 10), zip([{ name: 'a.html', data: html }])])],
  ['picture and page.jpg', () => Buffer.concat([jpeg(), Buffer.from(html)])],
  ['PDF and archive.pdf', () => Buffer.concat([pdf(), zip([{ name: 'a.js', data: 'alert(1)' }])])],
  ['page and PDF.pdf', () => Buffer.concat([Buffer.from(`${html}\n`), pdf()])],
  // Archives, books and comics.
  ['bomb of 4 GB.cbz', () => zip([{ name: '1.png', packed: deflatedZeros(4096), size: 0xffffffff, crc: 0 }])],
  ['bomb that hides its size.cbz', () => zip([{ name: '1.png', packed: deflatedZeros(3000), size: 1000, crc: 0 }])],
  ['bomb for a cover.epub', () => zip(epubEntries().map((e) => (e.name.endsWith('cover.png') ? { ...e, packed: deflatedZeros(2000), size: 2000 * MB } : e)))],
  ['bomb for a package.epub', () => zip(epubEntries().map((e) => (e.name.endsWith('.opf') ? { ...e, packed: deflatedZeros(500), size: 500 * MB } : e)))],
  ['all entries the same bytes.cbz', () => overlapping(2000)],
  ['10,000 entries.cbz', () => zip(Array.from({ length: 10_000 }, (_, i) => ({ name: `${i}.txt`, data: 'x', method: 0 })))],
  ['60,000 entries.epub', () => zip([...epubEntries(), ...Array.from({ length: 60_000 }, (_, i) => ({ name: `f${i}`, data: '', method: 0 }))])],
  ['wrong offset.cbz', () => zip([{ name: '1.png', data: png(99, 99) }], { directoryOffset: 0x7fffffff })],
  ['says more entries than it has.cbz', () => zip([{ name: '1.png', data: png(99, 99) }], { count: 60_000 })],
  ['archives in archives.cbz', () => Array.from({ length: 30 }).reduce((inner) => zip([{ name: 'in.zip', data: inner, method: 0 }]), png(9, 9))],
  ['climbing out.cbz', () => zip([{ name: '../../../../etc/cron.d/x', data: 'x' }, { name: '/etc/passwd.png', data: png(9, 9) }, { name: '..\\..\\x.png', data: png(9, 9) }])],
  ['climbing out.epub', () => epub({ containerXML: '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="../../../../etc/passwd"/></rootfiles></container>' })],
  ['cover from outside.epub', () => epub({ coverName: 'cover.png', opf: opfWith('<dc:title>t</dc:title>', '', '<item id="e" href="file:///etc/passwd" media-type="image/png" properties="cover-image"/><item id="w" href="http://127.0.0.1:1/x.png" media-type="image/png"/>') })],
  ['symbolic links.epub', () => epub({ more: [{ name: 'EPUB/link.png', data: '/etc/passwd', ...symlink }], opf: opfWith('<dc:title>t</dc:title>', '', '<item id="l" href="link.png" media-type="image/png" properties="cover-image"/>') })],
  ['symbolic link.cbz', () => zip([{ name: '1.png', data: '/etc/passwd', ...symlink }])],
  ['encrypted.cbz', () => zip([{ name: '1.png', data: png(9, 9), flags: 1 }])],
  ['encrypted.epub', () => zip(epubEntries().map((e) => (e.name.startsWith('EPUB') ? { ...e, flags: 1 } : e)))],
  ['wrong checksums.epub', () => zip(epubEntries().map((e) => ({ ...e, crc: 1 })))],
  ['unknown compression.cbz', () => zip([{ name: '1.png', data: png(9, 9), method: 99, packed: png(9, 9) }])],
  ['laughs.epub', () => epub({ opf: opfWith('<dc:title>&i;</dc:title>', laughs) })],
  ['reads files.epub', () => epub({ opf: opfWith('<dc:title>&x;</dc:title>', '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>') })],
  ['deep.epub', () => epub({ opf: `${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}` })],
  ['a million attributes.epub', () => epub({ opf: opfWith(`<dc:title ${Array.from({ length: 300_000 }, (_, i) => `a${i}="x"`).join(' ')}>t</dc:title>`) })],
  ['a hundred thousand items.epub', () => epub({ opf: opfWith('<dc:title>t</dc:title>', '', Array.from({ length: 100_000 }, (_, i) => `<item id="i${i}" href="${i}.png" media-type="image/png"/>`).join('')) })],
  ['title of 5 MB.epub', () => epub({ opf: opfWith(`<dc:title>${'title '.repeat(900_000)}</dc:title>`) })],
  ['no package.epub', () => zip(epubEntries().filter((e) => !e.name.endsWith('.opf')))],
  ['not XML.epub', () => epub({ opf: png(99, 99) })],
  ['drawn cover.epub', () => svgCover(svg('<rect width="300" height="400" fill="teal"/><circle cx="150" cy="200" r="90" fill="gold"/>'))],
  ['drawing that calls out.epub', () => svgCover(svg('<image href="http://127.0.0.1:1/x.png" width="9" height="9"/><image href="file:///etc/passwd"/><script>while(true){}</script><rect width="300" height="400" fill="red"/>'))],
  ['drawing of laughs.epub', () => svgCover(`${laughs}${svg('<text>&i;</text>')}`)],
  ['drawing of copies of copies.epub', () => svgCover(svg(`<defs><g id="a0"><rect width="1" height="1"/></g>${Array.from({ length: 12 }, (_, i) => `<g id="a${i + 1}">${`<use xlink:href="#a${i}" href="#a${i}"/>`.repeat(10)}</g>`).join('')}</defs><use href="#a12"/>`))],
  ['drawing of itself.epub', () => svgCover(svg('<g id="a"><use href="#a"/></g>'))],
  ['endless drawing.epub', () => svgCover(svg('<rect width="9e9" height="9e9" stroke-dasharray="0.0001" stroke="red"/>', 'width="1e9" height="1e9"'))],
  // PDF.
  ['truncated.pdf', () => pdf().subarray(0, 300)],
  ['only a head.pdf', () => '%PDF-1.7\n'],
  ['pages in a ring.pdf', () => pdfOf(['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[2 0 R 2 0 R]/Count 99999999>>', '<<>>', '<<>>'])],
  ['index in a ring.pdf', () => Buffer.from(pdf().toString('latin1').replace('trailer\n<<', 'trailer\n<</Prev 15 '), 'latin1')],
  ['deep arrays.pdf', () => pdfOf(['<</Type/Catalog/Pages 2 0 R>>', `<</Type/Pages/Kids[5 0 R]/Count 1/X ${'['.repeat(200_000)}${']'.repeat(200_000)}>>`, '<<>>', '<<>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>'])],
  ['page of a billion points.pdf', () => Buffer.from(pdf().toString('latin1').replaceAll('[0 0 595 842]', '[0 0 999999999 999999999]'), 'latin1')],
  ['page of no size.pdf', () => Buffer.from(pdf().toString('latin1').replaceAll('[0 0 595 842]', '[0 0 0 0]'), 'latin1')],
  ['script.pdf', () => Buffer.from(pdf().toString('latin1').replace('/Pages 2 0 R', '/Pages 2 0 R/OpenAction<</S/JavaScript/JS(while(true){})>>'), 'latin1')],
  ['compression bomb.pdf', () => drawing(Buffer.concat([Buffer.from([0x78, 0xda]), deflatedZeros(2000)]).toString('latin1'), '').toString('latin1').replace(/<<\/Length (\d+)>>stream/, '<</Length $1/Filter/FlateDecode>>stream')],
  ['picture of 60,000 by 60,000.pdf', () => drawing('595 0 0 842 0 0 cm /I Do', '/XObject<</I 7 0 R>>', stream('x'.repeat(99), '/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 8/ColorSpace/DeviceRGB'))],
  ['forms that draw each other.pdf', () => drawing('/X Do', '/XObject<</X 7 0 R>>', stream('/X Do', '/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 7 0 R>>>>'))],
  ['forms by ten to the twelfth.pdf', () => formBomb(12)],
  ['a million lines.pdf', () => drawing(Array.from({ length: 400_000 }, (_, i) => `${i % 595} 0 m ${(i * 7) % 595} 842 l S`).join('\n'), '')],
  // Sound and film.
  ['truncated.mp4', () => film().subarray(0, 900)],
  ['only a head.mp4', () => box('ftyp', Buffer.from('isom\0\0\0\0isomavc1'))],
  ['65,535 by 65,535.mp4', () => patched('avc1', 28, [0xff, 0xff, 0xff, 0xff])],
  ['a billion frames.mp4', () => patched('stsz', 12, [0x7f, 0xff, 0xff, 0xff])],
  ['frames out of the file.mp4', () => patched('stco', 12, [0x7f, 0xff, 0xff, 0xff])],
  ['box of no size.mp4', () => patched('trak', -4, [0, 0, 0, 0])],
  ['lasts for ever.mp4', () => patched('mvhd', 20, [0xff, 0xff, 0xff, 0xff])],
  ['another file’s pictures.mp4', () => patched('url ', 4, [0, 0, 0, 0])],
  ['nested boxes.mp4', () => Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0isom')), Array.from({ length: 5000 }).reduce((inner) => box('moov', inner), zeros(0))])],
  ['garbage in a film.mkv', () => Buffer.concat([Buffer.from('\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff', 'latin1'), Buffer.alloc(20_000, 0xa5)])],
  ['picture of 60 MB in a small file.mp3', () => tagged(60 * MB + 10, 60 * MB, Buffer.from('\0image/png\0\x03\0'))],
  ['picture that is a bomb.mp3', () => ((body) => tagged(body.length + 10, body.length, body))(Buffer.concat([Buffer.from('\0image/png\0\x03\0'), blackPNG(20_000, 20_000, { colour: 0, depth: 1 })]))],
  ['tag of 256 MB.mp3', () => tagged(256 * MB - 1, 0, zeros(0))],
  ['comment of 4 GB.ogg', () => Buffer.concat([Buffer.from('OggS\0\x02', 'latin1'), zeros(8), Buffer.from('\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis', 'latin1'), zeros(23), Buffer.from('OggS\0\0', 'latin1'), zeros(8), Buffer.from('\x01\0\0\0\x01\0\0\0\0\0\0\0\x01\xff\x03vorbis\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1'), zeros(300)])],
  ['picture of 4 GB.flac', () => Buffer.concat([Buffer.from('fLaC\0\0\0\x22', 'latin1'), Buffer.from('\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42\xf0\0\0\0\0', 'latin1'), zeros(16), Buffer.from('\x86\xff\xff\xff\0\0\0\x03\xff\xff\xff\xff', 'latin1'), zeros(50)])],
  // Text.
  ['one line of 20 MB.txt', () => Buffer.alloc(20 * MB, 'a')],
  ['formula.csv', () => '=HYPERLINK("http://127.0.0.1:1")\n'],
]

/** Well-formed files, to see that the previewer still works between the others. */
export const wellFormed = [
  ['control.png', () => png(300, 200)],
  ['control.jpg', jpeg],
  ['control.pdf', () => pdf()],
  ['control.epub', () => epub()],
  ['control.cbz', () => zip([{ name: '1.png', data: png(200, 300) }, { name: '2.png', data: png(200, 300, 2) }])],
  ['control.mp4', film],
  ['49 megapixels.png', () => blackPNG(7000, 7000)],
]
