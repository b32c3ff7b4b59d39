// A library that is set up, and the people in it, by the official client.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventSource } from 'eventsource'
import PocketBase from 'pocketbase'
import { project } from './server.mjs'

globalThis.EventSource ??= EventSource

export const admin = { email: 'ada@library.test', password: 'correct-horse-1', name: 'Ada Admin' }
export const password = 'battery-staple-2'

/** A client in that language; undefined leaves what the official client sends by itself. */
export function client(server, language) {
  const pb = new PocketBase(server.url)
  pb.autoCancellation(false)
  if (language) pb.lang = language
  return pb
}

/** Sets the library up through the link that the server printed. */
export async function setUp(server, { language = 'en', timezone = 'Europe/London' } = {}) {
  const token = new URL(server.setupPath, server.url).searchParams.get('token')
  return client(server).send('/api/library/setup', {
    method: 'POST',
    body: { token, libraryName: 'The Reading Room', language, timezone, ...admin },
  })
}

/** A client that is signed in. */
export async function signIn(server, identity = admin.email, secret = identity === admin.email ? admin.password : password, language = 'en') {
  const pb = client(server, language)
  await pb.collection('users').authWithPassword(identity, secret)
  return pb
}

/** The dashboard's own administrator, whom no limit on requests binds. */
export async function superuser(server) {
  const pb = client(server)
  await pb.collection('_superusers').authWithPassword(admin.email, admin.password)
  return pb
}

/** Makes an account by the command line, its password on standard input. */
export async function makeUser(server, email, ...more) {
  const done = await server.run(['user', 'create', '--email', email, ...more], `${password}\n`)
  if (done.code !== 0) throw new Error(`user create: ${done.stderr}`)
  return done
}

/** Lifts the limits on requests, for tests that make more than a person would. */
export async function lift(server) {
  const pb = await superuser(server)
  await pb.settings.update({ rateLimits: { enabled: false } })
  return pb
}

/** Uploads bytes under a name. */
export function upload(pb, name, bytes, fields = {}) {
  return pb.collection('documents').create({ ...fields, file: new File([bytes], name) })
}

/** Waits until no document is processing any more, and returns the named ones as they are then. */
export async function settled(pb, ids, seconds = 120) {
  const processing = () => pb.collection('documents').getList(1, 1, { filter: 'state = "processing"' })
  await until(async () => (await processing()).totalItems === 0, 'every preview made or given up', seconds)
  return Promise.all(ids.map((id) => pb.collection('documents').getOne(id)))
}

/** The bytes of one of a document's files, as its reader gets them. */
export async function download(pb, doc, name = doc.file) {
  const token = await pb.files.getToken()
  const answer = await fetch(pb.files.getURL(doc, name, { token }))
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
  return Buffer.from(await answer.arrayBuffer())
}

/** A request with no headers but those given: the official client and fetch add some of their own. */
export function bare(server, path, { headers = {}, method = 'GET', body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(server.url + path, { method, headers, agent: false }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString() }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A realtime connection without a client that would mend it: what it heard, and when it was closed. */
export async function listen(server, token, ...subscriptions) {
  const answer = await fetch(`${server.url}/api/realtime`)
  const heard = []
  const stream = { heard, closed: undefined }
  stream.end = (async () => {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const part of answer.body) {
        text += decoder.decode(part, { stream: true })
        const events = text.split('\n\n')
        text = events.pop()
        for (const event of events) {
          const field = (name) => event.match(new RegExp(`^${name}: ?(.*)$`, 'm'))?.[1]
          heard.push({ topic: field('event'), data: JSON.parse(field('data') ?? 'null') })
        }
      }
    } catch {
      // cut: closed as well
    }
    stream.closed = performance.now()
  })()
  stream.close = () => answer.body.cancel().catch(() => undefined)
  const { data } = await until(() => heard.find((event) => event.topic === 'PB_CONNECT'), 'a realtime connection')
  const subscribed = await fetch(`${server.url}/api/realtime`, {
    method: 'POST',
    headers: { Authorization: token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ clientId: data.clientId, subscriptions }),
  })
  if (subscribed.status !== 204) throw new Error(`subscribe: ${subscribed.status} ${await subscribed.text()}`)
  return stream
}

const catalogues = {}

function catalogue(language) {
  return (catalogues[language] ??= JSON.parse(fs.readFileSync(path.join(project, 'locales', `${language}.json`), 'utf8')))
}

/** A text of the app as it is shown in that language, its plural for many. */
export function text(language, key, values = {}) {
  const found = catalogue(language)[key]
  if (found === undefined) throw new Error(`no text ${key} in ${language}`)
  return (found.other ?? found).replace(/{{\.(\w+)}}/g, (_, name) => values[name] ?? '')
}

/** The keys that begin so. */
export const keys = (prefix) => Object.keys(catalogue('en')).filter((key) => key.startsWith(prefix))

/** A pattern of the text that one of these keys has, whatever its placeholders say, as long as they say something. */
export function pattern(language, ...keys) {
  const found = keys.flatMap((key) => {
    const one = catalogue(language)[key]
    return typeof one === 'string' ? [one] : Object.values(one ?? {})
  })
  if (found.length === 0) throw new Error(`no text ${keys.join(', ')} in ${language}`)
  const escaped = (words) => words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^(?:${found.map((one) => one.split(/{{[^}]*}}/).map(escaped).join('(?!<no value>).+')).join('|')})$`)
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Waits until the question is answered with something true, and returns that. */
export async function until(question, what, seconds = 10) {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const answer = await question()
    if (answer) return answer
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
    await sleep(50)
  }
}

/** Real works beside the project, {name, bytes}; undefined where they are not. */
export function samples(...folders) {
  const base = path.join(project, '../shared/samples')
  if (!fs.existsSync(base)) {
    if (process.env.CI === 'true') throw new Error(`the samples are missing: ${base}`)
    return undefined
  }
  return folders.flatMap((folder) =>
    fs.readdirSync(path.join(base, folder)).map((name) => ({ name, bytes: fs.readFileSync(path.join(base, folder, name)) })),
  )
}
