import { cleanCss, cleanDeclarations, isOwnReference } from './css'

export const xhtml = 'http://www.w3.org/1999/xhtml'
const svg = 'http://www.w3.org/2000/svg'
const mathml = 'http://www.w3.org/1998/Math/MathML'
const ops = 'http://www.idpf.org/2007/ops'
const xlink = 'http://www.w3.org/1999/xlink'
const xml = 'http://www.w3.org/XML/1998/namespace'

const words = (text: string) => new Set(text.split(/\s+/))

// What is in no list loses its tag and keeps its content; what is in `dropped` goes whole.
const elements: Record<string, Set<string>> = {
  [xhtml]: words(`html head body title section article aside nav header footer main hgroup h1 h2 h3 h4 h5 h6 p div span a br wbr hr
    em strong small s cite q dfn abbr ruby rt rp rb rtc data time code var samp kbd sub sup i b u mark bdi bdo ins del pre
    blockquote address figure figcaption ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr td th img map area
    audio video source track details summary center font big tt strike acronym nobr dir`),
  [svg]: words(`svg g defs symbol use path rect circle ellipse line polyline polygon text tspan textPath image linearGradient
    radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix feComponentTransfer feComposite
    feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR
    feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
    title desc a switch foreignObject`),
  [mathml]: words(`math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder
    mover munderover mmultiscripts mprescripts none mtable mtr mtd mlabeledtr maligngroup malignmark menclose mfenced semantics`),
}

const dropped = words(`script style template iframe frame frameset noframes embed applet param base input select textarea option
  datalist portal plaintext xmp noembed annotation annotation-xml metadata animate animateColor animateMotion animateTransform set
  discard mpath handler listener cursor view link meta`)

// Attributes by their local names; none may carry an address except those that `address` judges.
const attributes = words(`id class lang dir title role hidden translate alt width height colspan rowspan headers scope abbr span start
  reversed type value border cellpadding cellspacing align valign bgcolor color size face datetime shape coords open kind srclang
  label controls loop summary clear compact nowrap rules frame char charoff`)

const address: Record<string, (value: string, element: Element) => boolean> = {
  name: (_, { localName }) => localName === 'a' || localName === 'map', // elsewhere a name hides the document's own properties
  src: (value, { localName }) => /^(img|audio|video|source|track)$/.test(localName) && isOwn(value),
  poster: (value) => isOwn(value),
  usemap: (value) => value.startsWith('#'),
  href: (value, { localName, namespaceURI }) =>
    namespaceURI === svg
      ? localName === 'image'
        ? isOwn(value)
        : localName === 'a'
          ? isInside(value)
          : value.startsWith('#') // use, textPath, gradients, patterns, filters
      : namespaceURI === xhtml && /^(a|area)$/.test(localName) && isInside(value),
}

/** An address of the book's own content, already in memory. */
function isOwn(value: string): boolean {
  return /^(?:blob:|data:image\/(?!svg))/i.test(value)
}

/** A link to another place of the book: relative, with no scheme and no host. */
function isInside(value: string): boolean {
  // eslint-disable-next-line no-control-regex
  const plain = value.replace(/[\u0000-\u0020]/g, '')
  return !/^[a-z][a-z0-9+.-]*:/i.test(plain) && !/^[/\\]{2}/.test(plain)
}

/** A link out of the book that the reader may offer, or undefined. */
export function outsideLink(value: string): string | undefined {
  const link = value.trim()
  return /^(https?:\/\/|mailto:)[^\s]+$/i.test(link) && URL.canParse(link) ? link : undefined
}

const deepest = 400 // levels; deeper ones are laid flat

/**
 * Copies a node of a book into a fresh document by allow-lists: elements, attributes and
 * addresses that are known and harmless. Nothing is taken over that is not named here.
 */
export function copy(from: Node, into: Element, depth = 0): void {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.CDATA_SECTION_NODE) {
      into.append(legible(node.nodeValue ?? ''))
    } else if (node instanceof Element) {
      const made = depth < deepest && make(node, into)
      if (made) {
        into.append(made)
        if (!made.matches('style')) copy(node, made, depth + 1)
      } else if (!isDropped(node)) {
        copy(chosenCase(node), into, depth)
      }
    }
  }
}

function isDropped({ localName, namespaceURI }: Element): boolean {
  return namespaceURI !== ops && dropped.has(namespaceURI === xhtml ? localName.toLowerCase() : localName)
}

// epub:switch (EPUB 3.0): the first case that we can show, else its default.
function chosenCase(element: Element): Node {
  if (element.namespaceURI !== ops || element.localName !== 'switch') return element
  const cases = [...element.children]
  return cases.find((child) => child.localName === 'case' && elements[child.getAttribute('required-namespace') ?? '']) ??
    cases.find((child) => child.localName === 'default') ?? element
}

function make(element: Element, into: Element): Element | undefined {
  const { localName, namespaceURI, textContent } = element
  const document = into.ownerDocument
  if (localName === 'style' && (namespaceURI === xhtml || namespaceURI === svg)) {
    const style = document.createElementNS(xhtml, 'style')
    style.textContent = legible(cleanCss(textContent ?? ''))
    return style
  }
  if (namespaceURI === xhtml && localName === 'link') return stylesheet(element.getAttribute('rel'), element.getAttribute('href'), document, element.getAttribute('media'))
  if (namespaceURI === xhtml && localName === 'meta') return viewport(element, document)
  if (!namespaceURI || !elements[namespaceURI]?.has(localName)) return undefined
  if (namespaceURI === xhtml && /^(html|head|body)$/.test(localName)) return undefined // only where `chapter` lays them
  const made = document.createElementNS(namespaceURI, localName)
  copyAttributes(element, made)
  if (localName === 'audio' || localName === 'video') {
    made.setAttribute('controls', '')
    made.setAttribute('preload', 'none')
  }
  return made
}

/** A link to a style sheet of the book's own, or undefined. */
export function stylesheet(rel: string | null, href: string | null, document: Document, media: string | null = null): Element | undefined {
  if (!/(^|\s)stylesheet(\s|$)/i.test(rel ?? '') || /(^|\s)alternate(\s|$)/i.test(rel ?? '') || !href?.startsWith('blob:')) return undefined
  const link = document.createElementNS(xhtml, 'link')
  link.setAttribute('rel', 'stylesheet')
  link.setAttribute('href', href)
  if (media) link.setAttribute('media', media)
  return link
}

function viewport(meta: Element, document: Document): Element | undefined {
  const content = meta.getAttribute('content') ?? ''
  if (meta.getAttribute('name')?.toLowerCase() !== 'viewport' || !/^[\w\s.,;=-]{1,200}$/.test(content)) return undefined
  const made = document.createElementNS(xhtml, 'meta')
  made.setAttribute('name', 'viewport')
  made.setAttribute('content', content)
  return made
}

/** Copies an element's harmless attributes; a link out of the book becomes `data-outside`, which only the reader follows. */
export function copyAttributes(from: Element, to: Element): void {
  const link = from.getAttribute('href') ?? from.getAttributeNS(xlink, 'href')
  const outside = from.localName === 'a' && link ? outsideLink(link) : undefined
  if (outside) {
    to.setAttribute('data-outside', outside)
    to.setAttribute('role', 'link')
    to.setAttribute('tabindex', '0')
  }
  for (const { namespaceURI, localName, value } of from.attributes) {
    const name = localName.toLowerCase()
    if (name === 'style' && !namespaceURI) {
      const style = cleanDeclarations(value)
      if (style) to.setAttribute('style', legible(style))
    } else if (namespaceURI === xml && (name === 'lang' || name === 'space')) {
      to.setAttributeNS(xml, `xml:${name}`, legible(value))
    } else if (namespaceURI === ops && name === 'type') {
      to.setAttributeNS(ops, 'epub:type', legible(value))
    } else if (namespaceURI === null || namespaceURI === '' || namespaceURI === xlink) {
      const judge = Object.hasOwn(address, name) ? address[name] : undefined
      if (judge) {
        if (!(outside && name === 'href') && judge(value, to)) to.setAttribute(name, legible(value))
      } else if (namespaceURI !== xlink && isPlain(name, localName, value, to)) {
        to.setAttribute(localName, legible(value))
      }
    }
  }
}

function isPlain(name: string, localName: string, value: string, { namespaceURI }: Element): boolean {
  if (name.startsWith('on') || name.startsWith('xmlns') || !/^[a-zA-Z][\w.-]*$/.test(localName)) return false
  if (namespaceURI === xhtml) return attributes.has(name) || attributes.has(localName) || name.startsWith('aria-')
  // SVG and MathML are drawn by hundreds of attributes: any that holds no address.
  const holdsAddress = /^(src|srcdoc|srcset|action|formaction|data|codebase|classid|target|ping|background|longdesc|cite|manifest|autofocus|tabindex|requiredextensions|externalresourcesrequired|attributename|begin|end|base|contenteditable|draggable|popover.*|command.*|is|slot|part|nonce|altimg)$/
  return !holdsAddress.test(name) && !/^\s*[a-z][a-z0-9+.-]*:(?!$)/i.test(value) && isOwnReference(value)
}

// Characters that XML cannot hold would make the chapter unreadable as a whole.
function legible(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
}
