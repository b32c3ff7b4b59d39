import { cleanCss } from './css'
import { copy, copyAttributes, stylesheet, xhtml } from './markup'

/** What a chapter may load, said to the browser in the chapter itself: nothing but the book's own blobs. */
export const policy =
  "default-src 'none'; script-src 'none'; img-src blob: data:; style-src blob: 'unsafe-inline'; font-src blob: data:; media-src blob:; form-action 'none'; base-uri 'none'"

/** A resource of the book on its way to the screen, as foliate-js hands it over; both may be promises. */
export interface Resource {
  data: string | Blob | Promise<string | Blob>
  type: string | Promise<string>
  readonly name: string
}

/** Makes a resource harmless in place. A chapter is what is shown in a frame, the rest is what chapters load. */
export type Guard = (resource: Resource, isChapter: boolean) => void

const markup = /^(application\/xhtml\+xml|text\/html|application\/x-dtbook\+xml|text\/x-oeb1-document|(text|application)\/xml|.*\+xml)$/
const inert = /^(image\/(jpeg|png|gif|webp|avif|bmp|x-icon|jxl)|audio\/[\w.+-]+|video\/[\w.+-]+|font\/[\w.+-]+|application\/(x-)?font-[\w-]+|application\/vnd\.ms-(opentype|fontobject))$/

/** The guard of every book: each kind of content by its own rule, and what is of no known kind is never shown. */
export const guard: Guard = (resource, isChapter) => {
  const type = String(resource.type).split(';')[0]?.trim().toLowerCase() ?? ''
  const original = Promise.resolve(resource.data).catch((error: unknown) => {
    console.warn(`${resource.name} is left out`, error) // one bad picture must not cost the chapter
    return ''
  })
  const given = async () => {
    const data = (await original) ?? ''
    return typeof data === 'string' ? data : decode(new Uint8Array(await data.arrayBuffer()))
  }
  if (type === 'text/css' && !isChapter) {
    resource.type = type
    resource.data = given().then(cleanCss)
  } else if (type === 'image/svg+xml' && !isChapter) {
    resource.type = type
    resource.data = given().then(picture)
  } else if (markup.test(type)) {
    resource.type = 'application/xhtml+xml'
    resource.data = given().then((source) => chapter(source, type))
  } else if (inert.test(type)) {
    resource.type = type
    resource.data = original
  } else if (isChapter) {
    resource.type = 'application/xhtml+xml'
    resource.data = chapter('', 'text/html')
  } else {
    resource.type = 'application/octet-stream'
    resource.data = original
  }
}

/** A chapter with nothing left that runs, loads from outside, sends or leads away: always well-formed XHTML. */
export function chapter(source: string, type: string): string {
  const from = parse(source, type)
  const made = document.implementation.createDocument(xhtml, 'html')
  const root = made.documentElement
  const head = root.appendChild(made.createElementNS(xhtml, 'head'))
  const body = root.appendChild(made.createElementNS(xhtml, 'body'))

  const csp = head.appendChild(made.createElementNS(xhtml, 'meta'))
  csp.setAttribute('http-equiv', 'Content-Security-Policy')
  csp.setAttribute('content', policy)
  head.append(...linkedByInstruction(from, made))

  if (from.documentElement.localName === 'svg') {
    frameDrawing(from, head)
    copy(from, body)
  } else {
    copyAttributes(from.documentElement, root)
    for (const part of from.documentElement.children) {
      if (part.localName === 'head') copy(part, head)
      else if (part.localName === 'body') {
        copyAttributes(part, body)
        copy(part, body)
      } else copy(alone(part), body)
    }
  }
  for (const stray of head.querySelectorAll(':not(meta, title, link, style)')) stray.remove()
  return write(made)
}

/** A drawing of the book, used as an image. */
export function picture(source: string): string {
  const from = parse(source, 'image/svg+xml')
  if (from.documentElement.localName !== 'svg') return '<svg xmlns="http://www.w3.org/2000/svg"/>'
  const holder = document.implementation.createDocument(xhtml, 'html').documentElement
  copy(from, holder)
  return holder.firstElementChild ? new XMLSerializer().serializeToString(holder.firstElementChild) : '<svg xmlns="http://www.w3.org/2000/svg"/>'
}

function parse(source: string, type: string): Document {
  const parser = new DOMParser() // a document of its own: it runs nothing and loads nothing
  if (type !== 'text/html') {
    const parsed = parser.parseFromString(source, type === 'image/svg+xml' ? 'image/svg+xml' : 'application/xhtml+xml')
    if (!parsed.querySelector('parsererror')) return parsed
  }
  return parser.parseFromString(source, 'text/html')
}

function alone(part: Element): Node {
  const holder = part.ownerDocument.createDocumentFragment()
  holder.append(part.cloneNode(true))
  return holder
}

// A drawing as a page of its own: XHTML around it carries the policy, which SVG alone can't.
function frameDrawing(from: Document, head: Element): void {
  const drawing = from.documentElement
  const [, , width, height] = (drawing.getAttribute('viewBox') ?? '').trim().split(/[\s,]+/).map(Number)
  const [w, h] = [width || parseFloat(drawing.getAttribute('width') ?? ''), height || parseFloat(drawing.getAttribute('height') ?? '')]
  if (!w || !h) return
  const viewport = head.appendChild(head.ownerDocument.createElementNS(xhtml, 'meta'))
  viewport.setAttribute('name', 'viewport')
  viewport.setAttribute('content', `width=${w}, height=${h}`)
  const style = head.appendChild(head.ownerDocument.createElementNS(xhtml, 'style'))
  style.textContent = 'body { margin: 0 } svg { display: block; width: 100%; height: auto }'
}

// <?xml-stylesheet?> of EPUB 2: kept as a link where it names a sheet of the book.
function linkedByInstruction(from: Document, made: Document): Element[] {
  return [...from.childNodes].flatMap((node) => {
    if (!(node instanceof ProcessingInstruction) || node.target !== 'xml-stylesheet' || !/type\s*=\s*["']text\/css/i.test(node.data)) return []
    const href = /href\s*=\s*["']([^"']+)/i.exec(node.data)?.[1] ?? null
    return stylesheet('stylesheet', href, made) ?? []
  })
}

// Written as XML and read back: what comes out must be what was laid, or it is not shown.
function write(made: Document): string {
  const text = new XMLSerializer().serializeToString(made)
  const back = new DOMParser().parseFromString(text, 'application/xhtml+xml')
  if (back.querySelector('parsererror')) throw new Error('a chapter could not be written as XHTML')
  return text
}

/** Text in the encoding that its first bytes or its XML declaration name, else UTF-8. */
export function decode(bytes: Uint8Array<ArrayBuffer>): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  const start = String.fromCharCode(...bytes.subarray(0, 200))
  const label = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*encoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(label).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}
