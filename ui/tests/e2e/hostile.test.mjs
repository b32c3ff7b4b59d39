// Bad input: it is refused clearly, or ends its own job; the server goes on.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as library from './library.mjs'
import { hostile, refused, wellFormed } from './hostile_files.mjs'
import { pdf, png } from './make.mjs'
import { gone, serve } from './server.mjs'

const most = { megabytes: 512, seconds: 30 }
const language = 'pt-BR'
const messages = library.pattern(language, ...library.keys('api.message.'), ...library.keys('fault.'))
let server, root, librarian, customer, pid

before(async () => {
  server = await serve()
  await library.setUp(server)
  await library.makeUser(server, 'lena@library.test', '--role', 'Librarian')
  await library.makeUser(server, 'caio@library.test', '--username', 'caio', '--role', 'Customer')
  root = await library.lift(server)
  librarian = await library.signIn(server, 'lena@library.test', library.password, language)
  customer = await library.signIn(server, 'caio@library.test', library.password, language)
  pid = server.pid
  // PDFium is compiled once, which is none of the files' doing.
  const { id } = await library.upload(librarian, 'first.pdf', pdf())
  await library.settled(librarian, [id])
})
after(() => server.close())

/** Checks that a refusal is clear: a stable code, and words in the caller's language. */
function isClear(error, field, codes, status = 400) {
  assert.equal(error.status, status, JSON.stringify(error.response))
  const fault = error.response.data?.[field]
  assert.ok(fault, `nothing is said of ${field}: ${JSON.stringify(error.response)}`)
  assert.match(fault.code, /^[a-z][a-z0-9_]+$/)
  if (codes) assert.ok(codes.includes(fault.code), fault.code)
  assert.match(fault.message, library.pattern(language, `fault.${fault.code}`, `api.${fault.code}`))
  assert.match(error.response.message, messages)
}

const count = async () => (await root.collection('documents').getList(1, 1)).totalItems

/** Names of stored files that no document names. */
async function orphans() {
  const { id } = await root.collections.getOne('documents')
  const documents = await root.collection('documents').getFullList({ batch: 500 })
  const named = new Set(documents.flatMap((doc) => [doc.file, doc.thumbnail].map((name) => `${doc.id}/${name}`)))
  return server.storedFiles(id).filter((name) => !named.has(name.replace(/\.attrs$/, '')))
}

test(`${refused.length} files are refused in the request: not allowed, not what their name says, empty, broken, too large`, async (t) => {
  const before = await count()
  for (const [name, make, codes] of refused) {
    await t.test(name, () =>
      assert.rejects(library.upload(librarian, name, make()), (error) => {
        isClear(error, 'file', codes ?? ['file_type_mismatch', 'file_type_unknown', 'file_broken'])
        return true
      }),
    )
  }
  assert.equal(await count(), before)
  assert.deepEqual(await orphans(), [])
})

test('a file beyond maxUploadMB is a 413, before and after its length is known', async () => {
  const settings = root.collection('library_settings')
  const { id, maxUploadMB } = await settings.getFirstListItem('')
  await settings.update(id, { maxUploadMB: 1 })
  const before = await count()
  for (const size of [1.5, 3]) {
    await assert.rejects(library.upload(librarian, 'large.txt', Buffer.alloc(size * 2 ** 20, 'a')), (error) => {
      isClear(error, 'file', ['file_too_large'], 413)
      return true
    })
  }
  assert.equal(await count(), before)
  await settings.update(id, { maxUploadMB })
})

test('wrong fields are refused by their names', async () => {
  const me = customer.authStore.record.id
  const users = customer.collection('users')
  await assert.rejects(users.update(me, { language: 'tlh' }), (error) => (isClear(error, 'language'), true))
  await assert.rejects(users.update(me, { timezone: 'Mars/Olympus' }), (error) => (isClear(error, 'timezone'), true))
  await assert.rejects(users.getOne(me, { query: { timezone: 'Mars/Olympus' } }), { status: 400 })

  const mine = await library.upload(customer, 'mine.png', png(30, 30), { code: 'MINE', visibility: 'private' })
  for (const [field, value] of Object.entries({ code: 'MINE', isbn: '978-0-00-000000-0', language: 'no language', published: '2026-13-01', expiresOn: '2026-02-30', visibility: 'everyone', title: 'x'.repeat(257), description: 'x'.repeat(4001), daysToAlert: 3651, category: 'missing00000000', tags: '{"a":1}', alertEmails: '["nobody"]' })) {
    await assert.rejects(library.upload(customer, 'other.png', png(31, 31), { [field]: value }), (error) => (isClear(error, field), true), field)
  }
  await assert.rejects(customer.collection('documents').update(mine.id, { owner: librarian.authStore.record.id }), (error) => (isClear(error, 'owner'), true))
  const stranger = { password: 'long-enough-3', passwordConfirm: 'long-enough-3' }
  const guest = library.client(server, language)
  await assert.rejects(guest.collection('users').create({ ...stranger, email: 'x@library.test', username: 'CAIO' }), (error) => (isClear(error, 'username'), true))
  const settings = root.collection('library_settings')
  const { id } = await settings.getFirstListItem('')
  await settings.update(id, { allowedEmailDomains: ['library.test'] })
  await assert.rejects(guest.collection('users').create({ ...stranger, email: 'x@elsewhere.test' }), (error) => (isClear(error, 'email'), true))
  await settings.update(id, { allowedEmailDomains: [] })
})

test('what is somebody else’s is not there', async () => {
  const theirs = await library.upload(librarian, 'theirs.png', png(32, 32), { visibility: 'private' })
  const documents = customer.collection('documents')
  const missing = library.text(language, 'api.message.the_requested_resource_wasnt_found')
  for (const [act, key] of [
    [() => documents.getOne(theirs.id), missing],
    [() => documents.update(theirs.id, { title: 'mine' }), missing],
    [() => documents.update(theirs.id, { file: new File([png(9, 9)], 'x.png') }), missing],
    [() => documents.delete(theirs.id), missing],
  ]) {
    await assert.rejects(act(), (error) => error.status === 404 && error.response.message === key)
  }
  await assert.rejects(customer.collection('document_shares').create({ document: theirs.id, user: customer.authStore.record.id }), { status: 400 })
  assert.equal((await librarian.collection('documents').getOne(theirs.id)).title, 'theirs')
})

test('badly made requests are no fault of the server’s', async (t) => {
  const { token: Authorization } = librarian.authStore
  const records = '/api/collections/documents/records'
  const json = (body, path = records, method = 'POST', headers = {}) => [path, { method, body, headers: { Authorization, 'Content-Type': 'application/json', ...headers } }]
  const multipart = (body, boundary = 'x') => [records, { method: 'POST', body, headers: { Authorization, 'Content-Type': `multipart/form-data; boundary=${boundary}` } }]
  const get = (path, headers = {}) => [path, { headers: { Authorization, ...headers } }]
  const part = (name, value, more = '') => `--x\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
  const { id } = await library.upload(librarian, 'patient.png', png(33, 33))
  const one = `${records}/${id}`
  const requests = {
    'a title of a megabyte': json(`{"title":"${'x'.repeat(2 ** 20)}"}`, one, 'PATCH'),
    'a title with NUL': json('{"title":"a\\u0000b"}', one, 'PATCH'),
    'half a character': json('{"title":"\\ud800"}', one, 'PATCH'),
    'bytes that are no text': json(Buffer.from('{"title":"\xff\xfe"}', 'latin1'), one, 'PATCH'),
    'a number beyond all': json('{"copies":1e999}', one, 'PATCH'),
    'the same key twice': json('{"title":"a","title":"b"}', one, 'PATCH'),
    'a hundred thousand brackets': json(`{"tags":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, one, 'PATCH'),
    'ten thousand marks on a letter': json(`{"title":"e${'\u0301'.repeat(10_000)}"}`, one, 'PATCH'),
    'half of JSON': json('{"title":', one, 'PATCH'),
    'JSON that is no object': json('[1,2,3]', one, 'PATCH'),
    'a file as text': json('{"file":"../../data.db"}', one, 'PATCH'),
    'fields of the machine': json('{"state":"ready","sha256":"0","thumbnail":"x","contentType":"text/html"}', one, 'PATCH'),
    'no file': json('{}'),
    'multipart without a boundary': [records, { method: 'POST', body: 'x', headers: { Authorization, 'Content-Type': 'multipart/form-data' } }],
    'multipart cut short': multipart(part('file', 'abc', '; filename="a.txt"').slice(0, 60)),
    'multipart of ten thousand parts': multipart(Array.from({ length: 10_000 }, (_, i) => part(`f${i}`, 'x')).join('') + '--x--\r\n'),
    'two files': multipart(part('file', 'a', '; filename="a.txt"') + part('file', 'b', '; filename="b.txt"') + '--x--\r\n'),
    'a file in another field': multipart(part('thumbnail', 'a', '; filename="a.jpg"') + '--x--\r\n'),
    'a payload that is no JSON': multipart(part('@jsonPayload', '{{{') + '--x--\r\n'),
    'a filter of ten thousand letters': get(`${records}?filter=${encodeURIComponent(`title ~ "${'x'.repeat(10_000)}"`)}`),
    'a filter of 300 terms': get(`${records}?filter=${encodeURIComponent(Array(300).fill('title = "x"').join(' || '))}`),
    'a filter that is none': get(`${records}?filter=${encodeURIComponent("') OR 1=1 --")}`),
    'a sort by what is hidden': get(`${records}?sort=observations`),
    'a page beyond all': get(`${records}?page=99999999999999999999&perPage=-1`),
    'a zone of ten thousand letters': get(`${records}?timezone=${'x'.repeat(10_000)}`),
    'a zone that is a path': get(`${records}?timezone=${encodeURIComponent('../../etc/passwd')}`),
    'Local': get(`${records}?timezone=Local`),
    'ten thousand languages': get(records, { 'Accept-Language': Array.from({ length: 10_000 }, (_, i) => `x${i % 10}`).join(',') }),
    'a language of no weight': get(records, { 'Accept-Language': 'en;q=nan, *;q=9e99' }),
    'a token of nonsense': get(records, { Authorization: 'x'.repeat(5000) }),
    'a file outside': get('/api/files/documents/../../data.db'),
    'a file outside, written otherwise': get(`/api/files/documents/${id}/..%2f..%2f..%2fdata.db`),
    'a thumb of any size': get(`/api/files/documents/${id}/x.png?thumb=99999x99999`),
    'an unknown path': get('/api/library/nothing'),
  }
  for (const [what, [path, options]] of Object.entries(requests)) {
    await t.test(what, async () => {
      const began = performance.now()
      const answer = await library.bare(server, path, options)
      assert.ok(answer.status < 500, `${answer.status} ${answer.body.slice(0, 300)}`)
      assert.ok(performance.now() - began < 3000, 'it took long')
    })
  }
  const [patient] = await library.settled(librarian, [id])
  assert.deepEqual([patient.state, patient.contentType, patient.fileName], ['ready', 'image/png', 'patient.png'])
})

test('names of files are made harmless, and kept as far as they are', async () => {
  for (const [sent, kept] of [
    ['../../../etc/passwd.png', 'passwd.png'],
    ['..\\..\\windows\\system.png', 'system.png'],
    ['a\u202egnp.png', 'agnp.png'],
    ['livro de poesia — ação.png', 'livro de poesia — ação.png'],
    [`${'é'.repeat(300)}.png`, `${'é'.repeat(125)}.png`],
    ['CON.png', 'CON.png'],
    ['"quoted"; x=y.png', undefined],
  ]) {
    const doc = await library.upload(librarian, sent, png(34, 34))
    if (kept) assert.equal(doc.fileName, kept)
    assert.match(doc.file, /^[\w.-]+$/)
  }
  await library.settled(librarian, [])
})

test(`${hostile.length} hostile files are refused or end their own job, within bounds of time and memory`, { timeout: 300_000 }, async (t) => {
  const queue = [...hostile.map((file) => ['hostile', ...file])]
  wellFormed.forEach((file, i) => queue.splice(Math.floor(((i + 1) * queue.length) / (wellFormed.length + 1)) + i, 0, ['well-formed', ...file]))
  const before = await count()
  const memory = server.watchMemory()
  const began = performance.now()
  const results = { refused: 0, ready: 0, failed: 0 }
  const slowest = []
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let next; (next = queue.shift()); ) {
        const [sort, name, make] = next
        await t.test(`${sort}: ${name}`, async () => {
          const bytes = make()
          let doc
          try {
            doc = await library.upload(librarian, name, bytes)
          } catch (error) {
            assert.equal(sort, 'hostile', JSON.stringify(error.response))
            isClear(error, 'file')
            results.refused++
            return
          }
          const sent = performance.now()
          const ended = await library.until(
            async () => {
              const now = await librarian.collection('documents').getOne(doc.id)
              return now.state !== 'processing' && now
            },
            `${name} ends`,
            2 * most.seconds + 5, // two lanes: it may have waited for another
          )
          slowest.push([(performance.now() - sent) / 1000, name, ended.state, ended.stateDetail])
          results[ended.state]++
          if (sort === 'well-formed') assert.deepEqual([ended.state, ended.stateDetail], ['ready', ''])
          if (sort === 'well-formed' || !ended.stateDetail) assert.ok(ended.thumbnail)
          if (ended.stateDetail) assert.equal(ended.stateMessage, library.text(language, `state.${ended.stateDetail}`))
          if (ended.state === 'failed') assert.ok(ended.stateDetail, 'it says why')
          assert.doesNotMatch(JSON.stringify(ended), /root:x:0:0/, 'nothing of this machine’s files')
          assert.ok(ended.title.length <= 256)
        })
      }
    }),
  )
  const peak = memory()
  slowest.sort(([a], [b]) => b - a)
  t.diagnostic(`${results.refused} refused, ${results.ready} ready, ${results.failed} failed in ${((performance.now() - began) / 1000).toFixed(0)} s; peak ${peak} MB`)
  for (const [seconds, name, ...state] of slowest.slice(0, 5)) t.diagnostic(`${seconds.toFixed(1)} s: ${name} (${state.filter(Boolean).join(', ')})`)
  assert.ok(peak <= most.megabytes, `${peak} MB`)
  assert.equal(await count(), before + results.ready + results.failed)
  assert.deepEqual(await orphans(), [])
  const jobs = await root.collection('jobs').getFullList({ batch: 500, filter: 'state != "done"' })
  assert.deepEqual(jobs.map(({ lastError }) => lastError), [], 'a bad file is no fault of the machine')
})

test('the server is the one that was started, and nothing else is left', async () => {
  assert.ok(server.alive)
  assert.equal(server.pid, pid)
  assert.equal((await fetch(`${server.url}/api/health`)).status, 200)
  const spool = path.join(server.dir, 'tmp')
  assert.deepEqual(fs.existsSync(spool) ? fs.readdirSync(spool) : [], [])
  assert.deepEqual((await gone(10_000)).map((p) => p.command), [])
})
