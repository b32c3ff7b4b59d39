// The server killed while it takes uploads in and makes previews: nothing that
// it acknowledged is lost, and nothing that nobody knows of is left.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as library from './library.mjs'
import { epub, filmFile, jpegFile, pdf, png, withComment } from './make.mjs'
import { gone, serve } from './server.mjs'

const kills = 20
const acknowledged = new Map() // id → SHA-256
const strange = []
let server, root, librarian, jpeg, film

before(async () => {
  jpeg = fs.readFileSync(jpegFile('640x480'))
  film = fs.readFileSync(filmFile({ seconds: 2, size: '320x240' }))
  server = await serve()
  await library.setUp(server)
  await library.makeUser(server, 'lena@library.test', '--role', 'Librarian')
  root = await library.lift(server)
  librarian = await library.signIn(server, 'lena@library.test')
})
after(() => server.close())

/** A document that is like no other, in bytes. */
function anyDocument() {
  const mark = randomBytes(8).toString('hex')
  switch (randomInt(5)) {
    case 0:
      return { name: `${mark}.pdf`, bytes: pdf({ title: mark, lines: Array.from({ length: randomInt(1, 20) }, () => mark) }) }
    case 1:
      return { name: `${mark}.epub`, bytes: epub({ title: mark, cover: png(200, 300, randomInt(1, 200)), more: [{ name: 'EPUB/weight', data: randomBytes(randomInt(100_000)), method: 0 }] }) }
    case 2:
      return { name: `${mark}.mp4`, bytes: Buffer.concat([film, Buffer.from('\x00\x00\x00\x18free', 'latin1'), Buffer.from(mark)]) }
    default:
      return { name: `${mark}.jpg`, bytes: withComment(jpeg, randomInt(10) === 0 ? 6_000_000 : randomInt(8, 200_000)) }
  }
}

async function uploadUntil(stopped) {
  while (!stopped()) {
    const { name, bytes } = anyDocument()
    try {
      const doc = await library.upload(librarian, name, bytes)
      acknowledged.set(doc.id, library.sha256(bytes))
    } catch (error) {
      if (error.status !== 0) strange.push(error) // a refusal, where only silence is excused
    }
    await sleep(randomInt(200, 1000))
  }
}

/** Downloads what was acknowledged and compares it with what was sent. */
async function checkAll() {
  const all = [...acknowledged]
  const stored = new Map((await root.collection('documents').getFullList({ batch: 500 })).map((doc) => [doc.id, doc]))
  const token = await root.files.getToken()
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let next; (next = all.pop()); ) {
        const [id, sum] = next
        const doc = stored.get(id)
        assert.ok(doc, `${id} was acknowledged and is gone`)
        assert.equal(doc.sha256, sum)
        const answer = await fetch(root.files.getURL(doc, doc.file, { token }))
        assert.equal(answer.status, 200, `${doc.fileName}: ${answer.status}`)
        assert.equal(library.sha256(Buffer.from(await answer.arrayBuffer())), sum, `${doc.fileName} differs`)
      }
    }),
  )
}

test(`${kills} kills at random moments lose no acknowledged upload and leave no process`, { timeout: 240_000 }, async (t) => {
  const first = await library.upload(librarian, 'first.pdf', pdf()) // PDFium is compiled once
  acknowledged.set(first.id, first.sha256)
  await library.settled(librarian, [first.id])

  let over = false
  const uploaders = Array.from({ length: 3 }, () => uploadUntil(() => over))
  let slowest = 0
  let processing = 0
  try {
    for (let i = 0; i < kills; i++) {
      await sleep(randomInt(100, 1600))
      processing += server.family().length > 1 ? 1 : 0
      await server.kill()
      const left = await gone(3000)
      assert.deepEqual(left.map((p) => p.command), [], 'outlived the server')
      await server.start()
      slowest = Math.max(slowest, server.seconds)
      await checkAll()
    }
  } finally {
    over = true
    await Promise.all(uploaders)
  }
  assert.deepEqual(strange.map((error) => error.response), [])
  assert.ok(acknowledged.size > kills, `only ${acknowledged.size} uploads`)
  assert.ok(slowest < 5, `a start took ${slowest} s`)
  t.diagnostic(`${acknowledged.size} uploads acknowledged, ${kills} kills, ${processing} of them with a preview in the making; slowest start ${slowest.toFixed(2)} s`)
})

test('in the end every job and every document has ended', { timeout: 120_000 }, async (t) => {
  const began = performance.now()
  await library.settled(root, [], 110)
  const jobs = await root.collection('jobs').getFullList({ batch: 500 })
  const documents = await root.collection('documents').getFullList({ batch: 500 })
  assert.deepEqual(jobs.filter(({ state }) => state !== 'done' && state !== 'failed'), [])
  assert.deepEqual(documents.filter(({ state }) => state !== 'ready' && state !== 'failed'), [])
  assert.equal(jobs.length, documents.length)
  const failed = documents.filter(({ state }) => state === 'failed')
  t.diagnostic(`${documents.length} documents, ${failed.length} failed (killed too often); the last ended ${((performance.now() - began) / 1000).toFixed(1)} s after`)
  assert.ok(failed.length < documents.length / 4, `${failed.length} of ${documents.length} failed`)
  for (const doc of documents) if (doc.state === 'ready') assert.ok(doc.thumbnail, `${doc.fileName} has no cover: ${doc.stateDetail}`)
  await checkAll()
})

test('after the sweep of a start, nothing is stored that no document names', async () => {
  await server.stop()
  await server.start()
  const documents = await root.collection('documents').getFullList({ batch: 500 })
  const { id } = await root.collections.getOne('documents')
  const named = documents.flatMap((doc) => [doc.file, doc.thumbnail].filter(Boolean).map((name) => `${doc.id}/${name}`)).sort()
  const stored = () => server.storedFiles(id).filter((name) => !name.endsWith('.attrs'))
  await library.until(() => stored().length <= named.length, 'the sweep is done').catch(() => undefined)
  assert.deepEqual(stored(), named)
  const notes = server.storedFiles(id).filter((name) => name.endsWith('.attrs')).map((name) => name.slice(0, -'.attrs'.length))
  assert.deepEqual(notes.filter((name) => !named.includes(name)), [])
  const spool = path.join(server.dir, 'tmp')
  assert.deepEqual(fs.existsSync(spool) ? fs.readdirSync(spool) : [], [])
})

const noTool = spawnSync('sqlite3', ['-version']).error ? 'sqlite3 is not installed' : false

test('the databases are whole', { skip: noTool }, async () => {
  await server.kill()
  for (const name of ['data.db', 'auxiliary.db']) {
    assert.equal(execFileSync('sqlite3', [path.join(server.dir, name), 'PRAGMA integrity_check']).toString().trim(), 'ok')
  }
  await server.start()
})
