// The main job, with the official client: a librarian uploads, patrons find
// what they may, in their own language and zone, and hear what changes.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as library from './library.mjs'
import { filmFile, jpegFile, pdf, png } from './make.mjs'
import { look } from './picture.mjs'
import { serve } from './server.mjs'

const zone = 'America/Sao_Paulo'
let server, root, librarian, customer, neighbour

before(async () => (server = await serve()))
after(() => server.close())

test('the printed link sets the library up, once', async () => {
  assert.match(server.setupPath, /^\/setup\?token=\S{20,}$/)
  const { token } = Object.fromEntries(new URL(server.setupPath, server.url).searchParams)
  const guest = library.client(server)
  await assert.rejects(guest.send('/api/library/setup', { query: { token: 'wrong' } }), (e) => e.status >= 400 && e.status < 500)
  await guest.send('/api/library/setup', { query: { token } })
  await library.setUp(server)
  await assert.rejects(library.setUp(server), (e) => e.status >= 400 && e.status < 500)

  const admin = await library.signIn(server)
  const me = await admin.send('/api/library/me', {})
  assert.equal(me.role.name, 'Admin')
  assert.equal(me.user.state, 'active')
  root = await library.superuser(server)
  assert.equal((await guest.collection('library').getFirstListItem('')).name, 'The Reading Room')
})

test('commands make patrons, their passwords from standard input', async () => {
  await library.makeUser(server, 'lena@library.test', '--role', 'Librarian')
  await library.makeUser(server, 'caio@library.test', '--role', 'Customer')
  await library.makeUser(server, 'nora@library.test', '--role', 'Customer')
  librarian = await library.signIn(server, 'lena@library.test')
  customer = await library.signIn(server, 'caio@library.test')
  neighbour = await library.signIn(server, 'nora@library.test')
  assert.equal((await librarian.send('/api/library/me', {})).role.name, 'Librarian')
  const { id } = customer.authStore.record
  const changed = await customer.collection('users').update(id, { language: 'pt-BR', timezone: zone })
  assert.deepEqual([changed.language, changed.timezone], ['pt-BR', zone])
})

// What the files say of themselves, as another program reads it.
const expected = {
  'childrens-literature.epub': { title: "Children's Literature", authors: ['Charles Madison Curry', 'Erle Elsworth Clippinger'], language: 'en', published: '2008-05-20' },
  'childrens-media-query.epub': { title: 'Abroad', language: 'en', published: '1882', publisher: 'London ; Belfast ; New York : Marcus Ward & Co.' },
  'georgia-cfi.epub': { title: 'Georgia', language: 'en-US' },
  'israelsailing.epub': { title: 'מפליגים בישראל', authors: ['אורי עידן'], language: 'he', publisher: 'הליקון ספרים', published: '2013-01-25' },
  'linear-algebra.epub': { title: 'A First Course in Linear Algebra', authors: ['Robert A. Beezer'], blank: true },
  'moby-dick.epub': { title: 'Moby-Dick', authors: ['Herman Melville'], language: 'en-US', publisher: 'Harper & Brothers, Publishers' },
  'page-blanche.epub': { title: 'Page Blanche', language: 'fr', published: '2012-01-18', publisher: 'éditions Delcourt' },
  'regime-anticancer-arabic.epub': { title: 'Le Vrai Régime anti-cancer', language: 'ar', published: '2012', publisher: 'Hachette Antoine' },
  'sous-le-vent.epub': { title: 'Sous le vent', language: 'fr', publisher: 'éditions Jean-Claude Lattès' },
  'wasteland.epub': { title: 'The Waste Land', authors: ['T.S. Eliot'], language: 'en-US', published: '2011-09-01' },
  'GeoTopo-komprimiert.pdf': { title: 'Geometrie und Topologie', authors: ['Martin Thoma'], pages: 117 },
  'google-doc-document.pdf': { title: 'PDF Example Document', pages: 1 },
  'habibi.pdf': { title: 'habibi', pages: 1 },
  'libreoffice-writer-password.pdf': { title: 'libreoffice-writer-password', stateDetail: 'preview_password', blank: true },
  'multicolumn.pdf': { pages: 3 },
  'output_with_metadata_pymupdf.pdf': { pages: 1 },
  'pdflatex-4-pages.pdf': { pages: 4 },
  'pdflatex-image.pdf': { pages: 1 },
  'pdflatex-outline.pdf': { pages: 4 },
  'sample.flac': { title: 'Test Title', authors: ['Test Artist'], contentType: 'audio/flac', duration: 3.4, blank: true },
  'sample.id3v24.mp3': { title: 'Test Title', authors: ['Test Artist'], contentType: 'audio/mpeg', duration: 3.4, blank: true },
  'sample.m4a': { title: 'Test Title', authors: ['Test Artist'], contentType: 'audio/mp4', duration: 3.4, blank: true },
  'sample.ogg': { title: 'Test Title', authors: ['Test Artist'], contentType: 'audio/ogg', duration: 3.4, blank: true },
  'made.pdf': { title: 'A made PDF', authors: ['Ann Author'], pages: 2 },
  'photo.jpg': { title: 'photo', contentType: 'image/jpeg' },
  'film.mp4': { title: 'A small film', contentType: 'video/mp4', duration: 6 },
}
const kinds = { epub: ['book', 'application/epub+zip'], pdf: ['document', 'application/pdf'], jpg: ['image', 'image/jpeg'], mp4: ['video', 'video/mp4'] }

test('a librarian uploads real works, and each gets its kind, metadata and cover', { timeout: 180_000 }, async (t) => {
  const real = library.samples('epub', 'pdf', 'audio')
  if (!real) t.diagnostic('without the real works, which are not beside the project: only generated files')
  const files = [
    ...(real ?? []),
    { name: 'made.pdf', bytes: pdf({ title: 'A made PDF', lines: ['one', 'two'] }) },
    { name: 'photo.jpg', bytes: fs.readFileSync(jpegFile()) },
    { name: 'film.mp4', bytes: fs.readFileSync(filmFile()) },
  ]
  const memory = server.watchMemory()
  const began = performance.now()
  const created = new Map()
  const queue = [...files]
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let file; (file = queue.shift()); ) created.set(file.name, await library.upload(librarian, file.name, file.bytes))
    }),
  )
  const sent = performance.now()
  const documents = await library.settled(librarian, [...created.values()].map(({ id }) => id), 120)
  const done = performance.now()
  t.diagnostic(`${files.length} files: sent in ${((sent - began) / 1000).toFixed(1)} s, all previewed after ${((done - began) / 1000).toFixed(1)} s, peak ${memory()} MB`)

  for (const doc of documents) {
    await t.test(doc.fileName, async () => {
      const want = expected[doc.fileName]
      assert.ok(want, 'the test knows the file')
      const { bytes } = files.find(({ name }) => name === doc.fileName)
      const [kind, contentType] = kinds[doc.fileName.split('.').pop()] ?? ['audio', want.contentType]
      assert.equal(doc.state, 'ready')
      assert.equal(doc.kind, kind)
      assert.equal(doc.contentType, want.contentType ?? contentType)
      assert.equal(doc.sha256, library.sha256(bytes))
      assert.equal(doc.fileSize, bytes.length)
      assert.equal(doc.owner, librarian.authStore.record.id)
      assert.equal(doc.visibility, 'members')
      assert.ok(doc.code && doc.fileUpdated)
      for (const field of ['title', 'authors', 'language', 'publisher', 'published', 'pages']) {
        if (want[field] !== undefined) assert.deepEqual(doc[field], want[field], field)
      }
      if (want.duration) assert.ok(Math.abs(doc.duration - want.duration) < 0.2, `duration ${doc.duration}`)
      if (want.blank) {
        assert.equal(doc.thumbnail, '')
        assert.equal(doc.stateDetail, want.stateDetail ?? 'preview_unsupported')
        assert.equal(doc.stateMessage, library.text('en', `state.${doc.stateDetail}`))
        return
      }
      assert.equal(doc.stateDetail, '')
      const picture = look(await library.download(librarian, doc, doc.thumbnail))
      assert.ok(Math.min(picture.width, picture.height) > 0 && Math.max(picture.width, picture.height) <= 512, `${picture.width}×${picture.height}`)
      assert.ok(picture.variance > 4, `variance ${picture.variance}`)
    })
  }
})

const ids = async (pb) => (await pb.collection('documents').getFullList({ fields: 'id' })).map(({ id }) => id).sort()

test('everybody sees exactly the documents that the rules allow', async () => {
  const make = (pb, name, visibility) => library.upload(pb, `${name}.png`, png(64, 64, name.length), { visibility })
  const members = await ids(librarian)
  const of = {
    staffPrivate: await make(librarian, 'staff private', 'private'),
    staffPublic: await make(librarian, 'staff public', 'public'),
    own: await make(customer, 'own', 'private'),
    unshared: await make(neighbour, 'unshared', 'private'),
    shared: await make(neighbour, 'for the customer', 'private'),
  }
  const id = (...names) => names.map((name) => of[name].id)
  await library.settled(librarian, [])
  await neighbour.collection('document_shares').create({ document: of.shared.id, user: customer.authStore.record.id })

  const guest = library.client(server)
  assert.deepEqual(await ids(librarian), [...members, ...Object.values(of).map((d) => d.id)].sort())
  assert.deepEqual(await ids(customer), [...members, ...id('staffPublic', 'own', 'shared')].sort())
  assert.deepEqual(await ids(neighbour), [...members, ...id('staffPublic', 'unshared', 'shared')].sort())
  assert.deepEqual(await ids(guest), id('staffPublic'))
  assert.equal((await guest.collection('documents').getList(1, 1)).totalItems, 1)

  for (const name of ['staffPrivate', 'unshared']) {
    await assert.rejects(customer.collection('documents').getOne(of[name].id), { status: 404 })
    const token = await customer.files.getToken()
    const owner = name === 'unshared' ? neighbour : librarian
    const whole = await owner.collection('documents').getOne(of[name].id)
    for (const file of [whole.file, whole.thumbnail]) {
      assert.equal((await fetch(customer.files.getURL(whole, file, { token }))).status, 404)
    }
  }
  const shared = await customer.collection('documents').getOne(of.shared.id)
  assert.equal(library.sha256(await library.download(customer, shared)), shared.sha256)
  assert.equal((await fetch(guest.files.getURL(shared, shared.file))).status, 404)
  assert.equal((await fetch(guest.files.getURL(of.staffPublic, of.staffPublic.file))).status, 200)
  await assert.rejects(guest.files.getToken(), { status: 401 })
})

test('errors come in Portuguese: by the client’s language, and by the patron’s where it names none', async () => {
  const missing = library.text('pt-BR', 'api.message.the_requested_resource_wasnt_found')
  const portuguese = await library.signIn(server, 'nora@library.test', library.password, 'pt-BR') // her own is not
  await assert.rejects(portuguese.collection('documents').getOne('missing00000000'), (e) => e.status === 404 && e.response.message === missing)
  const Authorization = customer.authStore.token
  for (const headers of [{ Authorization }, { Authorization, 'Accept-Language': '*' }, { Authorization, 'Accept-Language': 'ja' }]) {
    const answer = await library.bare(server, '/api/collections/documents/records/missing00000000', { headers })
    assert.equal(JSON.parse(answer.body).message, missing)
  }
  const english = await library.bare(server, '/api/collections/documents/records/missing00000000', { headers: { Authorization, 'Accept-Language': 'en-US' } })
  assert.equal(JSON.parse(english.body).message, library.text('en', 'api.message.the_requested_resource_wasnt_found'))

  const twice = { code: 'TWICE', visibility: 'private' }
  await library.upload(customer, 'first.png', png(32, 32, 7), twice)
  const again = library.client(server, 'pt-BR')
  again.authStore.save(customer.authStore.token, customer.authStore.record)
  await assert.rejects(library.upload(again, 'second.png', png(32, 32, 8), twice), (e) => {
    assert.equal(e.status, 400)
    assert.equal(e.response.data.code.code, 'validation_not_unique')
    assert.equal(e.response.data.code.message, library.text('pt-BR', 'api.validation_not_unique'))
    return true
  })
})

test('times come in the zone that a request names, and an unknown zone is refused by its name', async () => {
  const [first] = (await customer.collection('documents').getList(1, 1)).items
  assert.equal(first.local, undefined)
  for (const options of [{ query: { timezone: zone } }, { headers: { 'X-Timezone': zone } }]) {
    const doc = await customer.collection('documents').getOne(first.id, options)
    assert.match(doc.local.created, /T.*-03:00$/)
    assert.equal(Date.parse(doc.local.created), Date.parse(doc.created))
    assert.equal(Date.parse(doc.local.fileUpdated), Date.parse(doc.fileUpdated))
  }
  const portuguese = library.client(server, 'pt-BR')
  for (const options of [{ query: { timezone: 'Mars/Olympus' } }, { headers: { 'X-Timezone': 'Mars/Olympus' } }]) {
    await assert.rejects(portuguese.collection('documents').getList(1, 1, options), (e) => {
      assert.equal(e.status, 400)
      const fault = e.response.data.timezone ?? e.response.data.fault
      assert.equal(fault.code, 'timezone_unknown')
      assert.equal(fault.message, library.text('pt-BR', 'fault.timezone_unknown', { Zone: 'Mars/Olympus' }))
      return true
    })
  }
})

test('a patron hears of a new share, and of a cover as it appears', async () => {
  const shares = []
  const documents = []
  await customer.collection('document_shares').subscribe('*', (event) => shares.push(event))
  await customer.collection('documents').subscribe('*', (event) => documents.push(event))
  const secret = await library.upload(neighbour, 'secret.png', png(40, 40, 3), { visibility: 'private' })
  const public_ = await library.upload(librarian, 'news.png', png(200, 300, 5))
  const ready = await library.until(() => documents.find(({ record }) => record.id === public_.id && record.state === 'ready'), 'the cover appears')
  assert.equal(ready.action, 'update')
  assert.ok(ready.record.thumbnail)
  await library.settled(librarian, [])
  assert.equal(shares.length, 0)
  const share = await neighbour.collection('document_shares').create({ document: secret.id, user: customer.authStore.record.id })
  const heard = await library.until(() => shares[0], 'the share is heard of')
  assert.deepEqual([heard.action, heard.record.id, heard.record.document], ['create', share.id, secret.id])
  assert.ok(!documents.some(({ record }) => record.id === secret.id), 'nothing of the secret before it was shared')
  await customer.realtime.unsubscribe()
})

for (const [how, deactivate] of [
  ['by staff', async (id) => (await library.signIn(server)).collection('users').update(id, { state: 'inactive' })],
  ['by a command beside the server', async (id, email) => assert.equal((await server.run(['user', 'deactivate', email])).code, 0)],
]) {
  test(`a patron deactivated ${how} is a guest on the next request and hears no more`, async () => {
    const email = `gone${how.length}@library.test`
    await library.makeUser(server, email, '--role', 'Customer')
    const patron = await library.signIn(server, email)
    const { token, record } = patron.authStore
    const fileToken = await patron.files.getToken()
    const [members] = (await patron.collection('documents').getList(1, 1, { filter: 'visibility = "members"' })).items
    const stream = await library.listen(server, token, 'documents/*', 'document_shares/*')
    await library.upload(librarian, 'before.png', png(50, 50, 9), { visibility: 'public' })
    await library.until(() => stream.heard.some(({ topic }) => topic === 'documents/*'), 'it hears while active')
    await library.settled(librarian, [])

    await deactivate(record.id, email)
    const ended = performance.now()
    const publicOnes = await ids(library.client(server))
    assert.deepEqual(await ids(patron), publicOnes)
    await assert.rejects(patron.send('/api/library/me', {}), { status: 401 })
    await assert.rejects(patron.files.getToken(), { status: 401 })
    await assert.rejects(patron.collection('users').authRefresh(), { status: 401 })
    assert.equal((await fetch(patron.files.getURL(members, members.thumbnail || members.file, { token: fileToken }))).status, 404)
    const waited = await Promise.race([stream.end.then(() => stream.closed - ended), sleep(3000)])
    assert.ok(waited !== undefined && waited <= 1200, `closed after ${waited} ms`) // a second, and the round trips above
    const before = stream.heard.length
    await library.upload(librarian, 'after.png', png(50, 50, 11), { visibility: 'public' })
    await library.settled(librarian, [])
    assert.equal(stream.heard.length, before)
    await assert.rejects(library.signIn(server, email), (e) => e.status === 403 || e.status === 400)
  })
}

test('a second start offers no set-up and keeps what there is', async () => {
  const before = await ids(librarian)
  await server.stop()
  await server.start()
  assert.equal(server.setupPath, '')
  assert.deepEqual(await ids(librarian), before)
})
