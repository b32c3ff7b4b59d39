// What the readers' tests share: the built harness behind the app's policy, files by range
// behind tokens that end, a canary that counts who calls, and a browser.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')
const built = join(root, 'node_modules/.cache/readers-harness')

export const samples = fileURLToPath(new URL('../../../../shared/samples', import.meta.url))
export const hasSamples = existsSync(samples)

/** The Content-Security-Policy of the app's pages, out of the server's source: what holds there is tried here. */
export const policy = (() => {
  const source = readFileSync(join(root, '../hooks/web/web.go'), 'utf8')
  const text = /const policy = ((?:"[^"]*"[\s+]*)+)/.exec(source)?.[1]
  if (!text) throw new Error('hooks/web/web.go states its policy in another way now')
  return [...text.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join('')
})()

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.woff2': 'font/woff2' }

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)))
const json = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Serves the harness and files. files: name → {data, type}; life: seconds that a token lives;
 * csp: whether the policy is sent; opaque: whether the end of a token can't be read from it;
 * cut: whether the end of a token also breaks the answers that are under way.
 */
export async function serve(files, { life = 3600, csp = true, opaque = false, cut = false } = {}) {
  if (!existsSync(join(built, 'index.html'))) throw new Error('the harness is not built: npm run test:readers builds it')
  const ends = new Map()
  const log = { tokens: 0, refused: 0, served: 0, ranges: 0 }
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://x')
    if (csp) response.setHeader('Content-Security-Policy', policy)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (url.pathname === '/token') {
      const end = Date.now() / 1000 + life
      const token = opaque ? `t${log.tokens}` : `${json({ alg: 'none' })}.${json({ exp: end, n: log.tokens })}.x`
      log.tokens++
      ends.set(token, end)
      return response.end(token)
    }
    if (url.pathname.startsWith('/file/')) {
      const file = files[decodeURIComponent(url.pathname.slice(6))]
      const end = ends.get(url.searchParams.get('token') ?? '')
      if (!file || !end || Date.now() / 1000 > end) {
        log.refused++
        return response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"status":404}')
      }
      if (cut) {
        const timer = setTimeout(() => response.destroy(), end * 1000 - Date.now())
        response.on('close', () => clearTimeout(timer))
      }
      return send(request, response, file, log)
    }
    const path = join(built, url.pathname === '/' ? 'index.html' : url.pathname)
    if (!path.startsWith(built) || !existsSync(path)) return response.writeHead(404).end()
    response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream')
    response.end(readFileSync(path))
  })
  return { base: await listen(server), log, close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) }
}

// Like http.ServeContent, but in pieces with a pause between them, so that a long file is really
// asked for range by range.
function send(request, response, { data, type, trickle }, log) {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const begin = range ? Number(range[1]) : 0
  const end = range?.[2] ? Math.min(Number(range[2]), data.length - 1) : data.length - 1
  log.served++
  if (range) log.ranges++
  response.writeHead(range ? 206 : 200, {
    'Content-Type': type,
    'Content-Length': end - begin + 1,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-store',
    ...(range ? { 'Content-Range': `bytes ${begin}-${end}/${data.length}` } : {}),
  })
  if (!trickle) return response.end(data.subarray(begin, end + 1))
  let at = begin
  const more = () => {
    if (at > end) return response.end()
    if (response.destroyed) return
    response.write(data.subarray(at, Math.min(end + 1, (at += trickle.bytes))))
    setTimeout(more, trickle.every)
  }
  more()
}

/** A listener that must hear nothing: it counts every request and answers as an attacker would. */
export async function canary() {
  const heard = []
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`)
    response.setHeader('Access-Control-Allow-Origin', '*')
    const type = /\.(js|css|html)$/.exec(request.url)?.[1]
    if (type === 'js') response.setHeader('Content-Type', 'text/javascript').end("try{top.mark='canary.js'}catch(e){}")
    else if (type === 'css') response.setHeader('Content-Type', 'text/css').end('body{color:red}')
    else response.setHeader('Content-Type', 'text/html').end('<p>caught</p>')
  })
  return { base: await listen(server), heard, close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) }
}

/** A headless Chromium. */
export function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  })
}

/** The harness's address for a file. */
export function address(base, name, file, more = {}) {
  return `${base}/?${new URLSearchParams({ name, type: file.type, size: String(file.data.length), ...more })}`
}

/** Waits until a book rests: opened, and no move under way. */
export async function rested(page) {
  await page.waitForSelector('.book[aria-busy=false]')
}
