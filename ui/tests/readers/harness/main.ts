// The readers alone on a page, for tests: ?type=&name=&size=&lang=&dark= say what to open,
// /token gives a token, /file/<name>?token= the bytes.
import '../../../src/lib/tokens.css'
import '../../../src/lib/base.css'
import '../../../src/lib/controls.css'
import { mount } from 'svelte'
import { useLanguage } from '../../../src/lib/i18n'
import Reader from '../../../src/readers/Reader.svelte'
import { guard, type Guard } from '../../../src/readers/epub/guard'
import { openBook } from '../../../src/readers/epub/book'
import { BlobSource } from '../../../src/readers/remote'

const asked = new URLSearchParams(location.search)
const get = (name: string, otherwise = '') => asked.get(name) ?? otherwise

async function fileUrl(): Promise<string> {
  const token = await (await fetch('/token')).text()
  return `/file/${encodeURIComponent(get('name'))}?token=${token}`
}

async function start() {
  await useLanguage(get('lang', 'en'))
  if (get('theme')) document.documentElement.dataset.theme = get('theme')
  if (get('layer')) return layers(get('layer'))
  mount(Reader, {
    target: document.body,
    props: {
      document: {
        id: get('id', get('name')),
        title: get('title', get('name')),
        authors: get('author') ? [get('author')] : [],
        kind: '',
        contentType: get('type'),
        fileName: get('name'),
        fileSize: Number(get('size')),
        language: '',
        pages: 0,
        duration: 0,
      },
      fileUrl,
      coverUrl: async () => get('cover') || undefined,
      lang: get('lang', 'en'),
      onclose: () => (document.title = 'closed'),
    },
  })
}

const raw: Guard = () => {}

/** One layer of the protection at a time: the chapters of a book in frames with only that one. */
async function layers(layer: string) {
  const blob = await (await fetch(await fileUrl())).blob()
  const book = await openBook(new BlobSource(blob), layer === 'sanitiser' || layer === 'policy' ? guard : raw)
  for (const section of book.sections) {
    let address = await section.load()
    if (layer === 'sanitiser' || layer === 'policy') {
      let text = await (await fetch(address)).text()
      const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>/.exec(text)?.[0] ?? ''
      if (!policy) throw new Error('a chapter without a policy')
      if (layer === 'sanitiser') text = text.replace(policy, '')
      // The policy alone: the chapter as it was in the book, with nothing but that line before it.
      else text = (await (await fetch(await rawAddress(blob, section.id))).text()).replace(/<head[^>]*>/i, (head) => head + policy)
      address = URL.createObjectURL(new Blob([text], { type: 'application/xhtml+xml' }))
    }
    const frame = document.createElement('iframe')
    if (layer === 'sandbox' || layer === 'policy') frame.setAttribute('sandbox', 'allow-same-origin')
    frame.src = address
    document.body.append(frame)
    await Promise.race([new Promise((resolve) => (frame.onload = resolve)), new Promise((resolve) => setTimeout(resolve, 1500))]) // what is no page never loads
  }
  document.title = 'laid'
}

async function rawAddress(blob: Blob, id: string): Promise<string> {
  const book = await openBook(new BlobSource(blob), raw)
  return (await book.sections.find((section) => section.id === id)?.load()) ?? ''
}

void start().catch((error: unknown) => {
  document.title = `failed: ${String(error)}`
  console.error(error)
})
