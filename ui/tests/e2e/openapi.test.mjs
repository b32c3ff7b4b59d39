// The API's description, held against a public validator and against what a
// running library answers.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import PocketBase, { ClientResponseError } from 'pocketbase'
import * as library from './library.mjs'
import { pdf } from './make.mjs'
import { project, serve } from './server.mjs'

let server, pb, doc, ajv

before(async () => {
  server = await serve()
  await library.setUp(server)
  pb = await library.signIn(server)
  doc = await (await fetch(`${server.url}/api/library/openapi.json`)).json()
  ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }))
  ajv.addSchema({ $id: 'openapi', ...doc })
})

after(() => server.close())

/** Asks, and holds the answer against what the description says of it; no key of a record may come undescribed. */
async function ask(method, path, { as = pb, status = 200, body, query = '', values = {} } = {}) {
  const headers = { 'X-Timezone': 'America/Sao_Paulo' }
  if (as) headers.Authorization = `Bearer ${as.authStore.token}`
  const form = body instanceof FormData
  if (body && !form) headers['Content-Type'] = 'application/json'
  const url = server.url + path.replace(/\{(\w+)\}/g, (_, name) => values[name]) + query
  const answer = await fetch(url, { method, headers, body: form ? body : body && JSON.stringify(body) })
  const text = await answer.text()
  assert.equal(answer.status, status, `${method} ${url}: ${text}`)
  const pointer = ['paths', path, method.toLowerCase(), 'responses', String(status)]
  let described = pointer.reduce((at, key) => at?.[key], doc)
  assert.ok(described, `${method} ${path} does not say that it answers ${status}`)
  if (described.$ref) {
    pointer.splice(0, pointer.length, ...described.$ref.slice(2).split('/'))
    described = pointer.reduce((at, key) => at[key], doc)
  }
  for (const name of Object.keys(described.headers ?? {})) assert.ok(answer.headers.get(name), `${name} is missing`)
  if (!described.content) return assert.equal(text, '')
  const json = JSON.parse(text)
  const fragment = [...pointer, 'content', 'application/json', 'schema'].map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')))
  const validate = ajv.getSchema(`openapi#/${fragment.join('/')}`)
  assert.ok(validate(json), `${method} ${path}: ${ajv.errorsText(validate.errors)}: ${text.slice(0, 500)}`)
  for (const record of [json, ...(json.items ?? []), json.record, json.user]) {
    const known = record?.collectionName && doc.components.schemas[record.collectionName]
    if (known) for (const key of Object.keys(record)) assert.ok(key in known.properties, `${record.collectionName}.${key} is not described`)
  }
  return json
}

const records = (name) => `/api/collections/${name}/records`

test('the description is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(doc))
  assert.ok(valid, JSON.stringify(errors, null, 1))
})

test('every schema compiles and every example of one is as it says', () => {
  let examples = 0
  const walk = (value, pointer) => {
    if (!value || typeof value !== 'object') return
    if (Array.isArray(value.examples)) {
      const validate = ajv.compile({ ...value, components: doc.components, $id: `example${examples}` })
      for (const example of value.examples) assert.ok(validate(example), `${pointer}: ${JSON.stringify(example)}: ${ajv.errorsText(validate.errors)}`)
      examples++
    }
    if (value.schema && 'example' in value) {
      const validate = ajv.compile({ ...value.schema, components: doc.components, $id: `example${examples++}` })
      const fits = validate(value.example)
      assert.ok(fits || value.schema.type === 'string', `${pointer}: ${ajv.errorsText(validate.errors)}`)
    }
    for (const [key, child] of Object.entries(value)) if (key !== 'examples' && key !== 'example') walk(child, `${pointer}/${key}`)
  }
  walk(doc, '')
  for (const name of Object.keys(doc.components.schemas)) assert.ok(ajv.getSchema(`openapi#/components/schemas/${encodeURIComponent(name)}`), name)
  assert.ok(examples > 100, `${examples} examples`)
})

describe('real answers are as described', () => {
  test('lists and first records of every collection', async () => {
    for (const path of Object.keys(doc.paths)) {
      if (!/^\/api\/collections\/\w+\/records$/.test(path) || !doc.paths[path].get) continue
      const { items } = await ask('GET', path, { query: '?perPage=5&sort=-created' })
      if (items.length > 0) await ask('GET', `${path}/{id}`, { values: { id: items[0].id } })
    }
  })

  test('documents made, changed, expanded and deleted', async () => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ title: 'Maps', isbn: '978-0-684-80122-3', published: '1952-09', authors: '["A. Author"]', alertEmails: '["a@example.org"]', observations: 'x' })) form.set(name, value)
    form.set('file', new File([pdf()], 'maps.pdf'))
    const { id } = await ask('POST', records('documents'), { body: form, query: '?expand=owner' })
    await library.settled(pb, [id])
    const one = `${records('documents')}/{id}`
    const seen = await ask('GET', one, { values: { id }, query: '?expand=owner' })
    assert.equal(seen.expand.owner.name, library.admin.name)
    assert.match(seen.local.created, /-03:00$/)
    await ask('PATCH', one, { values: { id }, body: { visibility: 'private', tags: ['atlas'] } })
    await ask('GET', one, { values: { id }, as: null, status: 404 })
    await ask('PATCH', one, { values: { id }, as: null, body: { title: 'x' }, status: 404 })
    await ask('PATCH', one, { values: { id }, body: { isbn: '123' }, status: 400 })
    await ask('POST', '/api/library/documents/{id}/notify-expiration', { values: { id }, status: 400 })
    await ask('DELETE', one, { values: { id }, status: 204 })
  })

  test('sign-in, sign-up, and who it is', async () => {
    const users = '/api/collections/users/'
    await ask('POST', `${users}auth-with-password`, { as: null, body: { identity: library.admin.email, password: library.admin.password } })
    await ask('POST', `${users}auth-with-password`, { as: null, body: { identity: 'nobody', password: 'x' }, status: 400 })
    await ask('POST', `${users}auth-refresh`)
    await ask('POST', `${users}auth-refresh`, { as: null, status: 401 })
    await ask('GET', `${users}auth-methods`, { as: null })
    await ask('POST', `${users}request-password-reset`, { as: null, body: { email: 'nobody@example.org' }, status: 503 })
    await ask('POST', `${users}request-otp`, { as: null, body: { email: 'nobody@example.org' }, status: 403 })
    await ask('POST', records('users'), { as: null, body: { email: 'bea@example.org', username: 'bea', password: library.password, passwordConfirm: library.password } })
    await ask('GET', '/api/library/me')
    await ask('GET', '/api/library/me', { as: null, status: 401 })
    await ask('GET', '/api/library/patrons', { query: '?username=nobody', status: 404 })
  })

  test('the other routes of the library', async () => {
    const me = pb.authStore.record
    await ask('GET', '/api/library/permissions')
    await ask('GET', '/api/library/patrons', { query: `?username=${me.username}` })
    await ask('POST', '/api/library/roles/{id}/copy', { values: { id: 'rolevisitor0000' }, body: { name: 'Guests' } })
    await ask('POST', records('notifications'), { body: { user: me.id, title: 'Hello' } })
    await ask('POST', '/api/library/notifications/read-all')
    await ask('POST', '/api/library/broadcast', { body: { topic: 'opening', all: true, message: { open: true } } })
    await ask('POST', '/api/library/broadcast', { body: { topic: 'No!', all: true, message: 1 }, status: 400 })
    await ask('POST', '/api/library/push', { body: { title: 'x', users: [me.id] }, status: 503 })
    await ask('POST', '/api/library/users/{id}/end-sessions', { values: { id: 'nobody000000000' }, status: 404 })
    await ask('GET', '/api/library/setup', { as: null, query: '?token=x', status: 404 })
    await ask('POST', '/api/files/token')
    await ask('GET', '/api/health', { as: null })
  })

  test('too many tries say when to come back', async () => {
    const path = '/api/collections/users/auth-with-password'
    for (let i = 0; i < 10; i++) await ask('POST', path, { as: null, body: { identity: 'guessed', password: 'wrong-one-1' }, status: 400 })
    await ask('POST', path, { as: null, body: { identity: 'guessed', password: 'wrong-one-1' }, status: 429 })
  })
})

test('the JavaScript in docs/api.md runs', async () => {
  const guide = fs.readFileSync(path.join(project, 'docs/api.md'), 'utf8')
  const code = [...guide.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text).join('\n')
  assert.ok(code.length > 1000)
  await library.makeUser(server, 'ana@example.org', '--role', 'Librarian')
  const prepared = code.replaceAll('correct-horse-1', library.password).replace(/^import .*$/gm, '')
  const run = new Function('PocketBase', 'ClientResponseError', 'url', 'bytes', 'console', `return (async () => { ${prepared}; await pb.realtime.unsubscribe(); return { me, page, doc, link, answer } })()`)
  const got = await run(PocketBase, ClientResponseError, server.url, pdf(), { log() {} })
  assert.equal(got.me.user.email, 'ana@example.org')
  assert.ok(Array.isArray(got.page.items) && got.doc.id)
  assert.equal((await fetch(got.link)).status, 200)
  assert.equal(got.answer.status, 200)
})
