// FFmpeg as the worst program there is: whatever it does, its job ends, nothing
// of it is left, and the next job is done.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as library from './library.mjs'
import { filmFile, pdf, png } from './make.mjs'
import { gone, root, serve } from './server.mjs'

const bound = 35 // seconds
let film

before(async () => {
  film = fs.readFileSync(filmFile({ seconds: 2, size: '320x240' }))
  // No job has to wait until PDFium is compiled: that is done here, for all.
  const { server, pb } = await prepared()
  const { id } = await library.upload(pb, 'first.pdf', pdf())
  await library.settled(pb, [id])
  await server.close()
})

const program = (name) => execFileSync('sh', ['-c', `readlink -f "$(command -v ${name})"`]).toString().trim()

/** A folder with programs of that name, and the two that they run: each process of theirs is known by its path. */
function tools(scripts) {
  const folder = fs.mkdtempSync(path.join(root, 'tools-'))
  for (const name of ['sleep', 'yes']) fs.copyFileSync(program(name), path.join(folder, name))
  if (!scripts.ffprobe) fs.symlinkSync(program('ffprobe'), path.join(folder, 'ffprobe'))
  for (const [name, text] of Object.entries(scripts)) {
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\nhere='${folder}'\n[ "$1" = -version ] && exec '${program('ffmpeg')}' -version\n${text}\n`, { mode: 0o755 })
  }
  return folder
}

async function prepared(env) {
  const server = await serve(env)
  await library.setUp(server)
  return { server, pb: await library.signIn(server) }
}

const sleeper = `"$here/sleep" 3600 & setsid "$here/sleep" 3600 & setsid sh -c "'$here/sleep' 3600 & exec '$here/sleep' 3600" & exec "$here/sleep" 3600`

describe('a job with a bad FFmpeg ends, and the next is done', { concurrency: true, timeout: 120_000 }, () => {
  for (const [what, scripts, details] of [
    ['one that sleeps and forks grandchildren, in sessions of their own too', { ffmpeg: sleeper }, ['preview_timeout']],
    ['one whose probe sleeps and forks', { ffmpeg: sleeper, ffprobe: sleeper }, ['preview_timeout']],
    ['one that writes for ever, to all that is open', { ffmpeg: `for last; do :; done\ncase $last in /*) "$here/yes" > "$last" & ;; esac\n"$here/yes" >&2 &\n"$here/yes"; "$here/sleep" 3600` }, ['preview_timeout', 'preview_broken']],
    ['one that ignores TERM', { ffmpeg: `trap '' TERM INT HUP\n"$here/sleep" 3600 & while :; do "$here/sleep" 3600; done` }, ['preview_timeout']],
    ['one that crashes', { ffmpeg: 'kill -SEGV $$' }, ['preview_broken']],
    ['one that exits as if it had crashed', { ffmpeg: 'exit 139' }, ['preview_broken']],
  ]) {
    test(what, async (t) => {
      const folder = tools(scripts)
      const { server, pb } = await prepared({ FFMPEG: path.join(folder, 'ffmpeg') })
      const { pid } = server
      const doc = await library.upload(pb, 'film.mp4', film)
      const began = performance.now()
      const [ended] = await library.settled(pb, [doc.id], bound)
      const seconds = (performance.now() - began) / 1000
      assert.deepEqual([ended.state, ended.thumbnail], ['failed', ''])
      assert.ok(details.includes(ended.stateDetail), ended.stateDetail)
      assert.equal(ended.stateMessage, library.text('en', `state.${ended.stateDetail}`))
      const left = (await gone(2000, (p) => p.command.includes(folder))).map((p) => p.command)
      assert.deepEqual(left, [])

      const picture = await library.upload(pb, 'next.png', png(120, 160))
      const [next] = await library.settled(pb, [picture.id], 20)
      assert.equal(next.state, 'ready')
      assert.ok(next.thumbnail)
      const job = await (await library.superuser(server)).collection('jobs').getFirstListItem(`key ~ "${doc.id}"`)
      assert.equal(job.attempts, 1, 'what the file caused is final at once')
      assert.ok(server.alive && server.pid === pid)
      t.diagnostic(`${ended.stateDetail} after ${seconds.toFixed(1)} s`)
      await server.close()
    })
  }
})

test('without FFmpeg a start says so, and a film is ready without a picture', async () => {
  const { server, pb } = await prepared({ PATH: path.join(root, 'nowhere') })
  assert.match(server.banner, /FFmpeg was not found/)
  const { id } = await library.upload(pb, 'film.mp4', film)
  const [doc] = await library.settled(pb, [id])
  assert.deepEqual([doc.state, doc.stateDetail, doc.thumbnail, doc.kind], ['ready', 'preview_tool_missing', '', 'video'])
  assert.equal(doc.stateMessage, library.text('en', 'state.preview_tool_missing'))
  await server.close()
})

test('with FFmpeg a start does not speak of it', async () => {
  const { server } = await prepared()
  assert.doesNotMatch(server.banner, /FFmpeg/)
  await server.close()
})

test('a playlist that is named as a film is refused, and nothing that it names is fetched or read', async () => {
  const asked = []
  const bait = http.createServer((request, answer) => {
    asked.push(request.url)
    answer.end()
  })
  await new Promise((done) => bait.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${bait.address().port}`
  const secret = path.join(root, 'secret.txt')
  fs.writeFileSync(secret, 'do not read')
  fs.utimesSync(secret, 1, 1)
  const { server, pb } = await prepared()
  const playlists = {
    hls: `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${url}/one.ts\n#EXTINF:10,\nfile://${secret}\n#EXTINF:10,\nconcat:${url}/two|${secret}\n#EXT-X-ENDLIST\n`,
    concat: `ffconcat version 1.0\nfile '${url}/three.mp4'\nfile '${secret}'\n`,
    dash: `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${url}/</BaseURL></Period></MPD>`,
    sdp: `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video ${bait.address().port} RTP/AVP 96\n`,
  }
  for (const [name, text] of Object.entries(playlists)) {
    for (const extension of ['mp4', 'mkv', 'mov', 'avi', 'webm', 'mp3', 'ogg']) {
      await assert.rejects(library.upload(pb, `${name}.${extension}`, text), (e) => {
        assert.equal(e.status, 400)
        assert.match(e.response.data.file.code, /^file_(type_mismatch|type_unknown|broken)$/)
        return true
      })
    }
  }
  assert.equal((await pb.collection('documents').getList(1, 1)).totalItems, 0)
  await sleep(300)
  assert.deepEqual(asked, [])
  bait.close()
  await server.close()
})
