// Reading and playing outlive a file token: here one lives five seconds.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { cbz, epub, mp4, pdf, png, wav } from './made.mjs'
import { address, browser, serve } from './server.mjs'

let chrome
const video = mp4(60)
const slowly = { bytes: 60_000, every: 100 }
const files = {
  'tone.wav': { data: wav(90), type: 'audio/wav', trickle: slowly },
  'long.pdf': { data: pdf(100), type: 'application/pdf' },
  'comic.cbz': { data: cbz(6), type: 'application/vnd.comicbook+zip' },
  'book.epub': { data: epub([['One', '<p>one</p>'], ['Two', '<p>two</p>'], ['Three', '<p>three</p>']]), type: 'application/epub+zip' },
  'picture.png': { data: png(64, 64, [200, 30, 30]), type: 'image/png' },
  ...(video ? { 'film.mp4': { data: video, type: 'video/mp4', trickle: slowly } } : {}),
}

before(async () => {
  chrome = await browser()
})
after(() => chrome?.close())

async function open(t, name, options) {
  const server = await serve(files, { life: 5, ...options })
  const context = await chrome.newContext({ viewport: { width: 900, height: 700 } })
  t.after(async () => (await context.close(), server.close()))
  const page = await context.newPage()
  await page.goto(address(server.base, name, files[name]))
  return { page, log: server.log }
}

const media = (page) => page.evaluate(() => {
  const element = document.querySelector('audio, video')
  return element && { at: element.currentTime, paused: element.paused, speed: element.playbackRate }
})
const troubled = (page) => page.$('[role=alert]')

// Mostly they wait: all at once, then.
describe('with tokens of five seconds', { concurrency: 4 }, () => {
  for (const kind of ['audio', 'video']) {
    for (const opaque of [false, true]) {
      const name = kind === 'audio' ? 'tone.wav' : 'film.mp4'
      const skip = files[name] ? false : 'no FFmpeg here to make a film'
      test(`${kind} plays on through the end of its token${opaque ? ', even one that does not say when it ends' : ''}`, { timeout: 120_000, skip }, async (t) => {
        const { page, log } = await open(t, name, { opaque, cut: true })
        await page.waitForFunction(() => document.querySelector('audio, video')?.readyState >= 1)
        await page.keyboard.press('Space')
        await page.waitForFunction(() => document.querySelector('audio, video').currentTime > 8, null, { timeout: 60_000 })
        assert.ok(log.tokens >= 2, `${log.tokens} tokens`)
        assert.equal((await media(page)).paused, false)
        assert.equal(await troubled(page), null)
      })

      test(`${kind} moves to a moment that only a new token can fetch${opaque ? ', even where the old does not say when it ends' : ''}`, { timeout: 120_000, skip }, async (t) => {
        const { page, log } = await open(t, name, { opaque, cut: true })
        await page.waitForFunction(() => document.querySelector('audio, video')?.readyState >= 1)
        await page.selectOption('select', '1.5')
        await page.waitForTimeout(6000)
        await page.evaluate(() => {
          const seek = document.querySelector('[data-act=seek]')
          seek.value = '50'
          seek.dispatchEvent(new Event('input', { bubbles: true }))
        })
        await page.click('[data-act=play]')
        await page.waitForFunction(() => document.querySelector('audio, video').currentTime > 50.5, null, { timeout: 30_000 })
        const now = await media(page)
        assert.ok(now.at < 58, `at ${now.at}`)
        assert.equal(now.paused, false)
        assert.equal(now.speed, 1.5)
        assert.ok(log.tokens >= 2)
        assert.equal(await troubled(page), null)
      })

      if (opaque) continue
      test(`${kind} that was paused stays paused, at its moment, and plays on later`, { timeout: 120_000, skip }, async (t) => {
        const { page } = await open(t, name, { opaque, cut: true })
        await page.waitForFunction(() => document.querySelector('audio, video')?.readyState >= 1)
        await page.keyboard.press('Space')
        await page.waitForFunction(() => document.querySelector('audio, video').currentTime > 2)
        await page.keyboard.press('Space')
        const { at } = await media(page)
        await page.waitForTimeout(6000)
        const later = await media(page)
        assert.equal(later.paused, true)
        assert.ok(Math.abs(later.at - at) < 0.5, `${at} became ${later.at}`)
        await page.keyboard.press('Space')
        await page.waitForFunction((at) => document.querySelector('audio, video').currentTime > at + 1, at, { timeout: 30_000 })
        assert.equal(await troubled(page), null)
      })
    }
  }

  for (const opaque of [false, true])
    test(`a PDF is read on after the end of its token${opaque ? ', even one that does not say when it ends' : ''}`, { timeout: 90_000 }, async (t) => {
      const { page, log } = await open(t, 'long.pdf', { opaque })
      await page.waitForSelector('.page[data-page-number="1"] canvas')
      const before = log.ranges
      assert.ok(before < 20, `${before} ranges for the first page: not the whole file`)
      assert.equal(log.tokens, 1)
      await page.waitForTimeout(6000)
      await page.fill('.pages input', '60')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => [...document.querySelectorAll('.page[data-page-number="60"] .textLayer span')].some((span) => span.textContent.includes('Page 60')), null, { timeout: 30_000 })
      assert.ok(log.tokens >= 2)
      if (opaque) assert.ok(log.refused >= 1, 'the old token was refused')
      assert.equal(await troubled(page), null)
    })

  test('a comic turns its pages after the end of its token', { timeout: 60_000 }, async (t) => {
    const { page, log } = await open(t, 'comic.cbz', { opaque: true })
    await page.waitForSelector('.frame img')
    await page.waitForTimeout(6000)
    await page.keyboard.press('End')
    await page.waitForFunction(() => document.querySelector('output')?.textContent.startsWith('6'))
    await page.waitForFunction(() => document.querySelector('.frame img')?.naturalWidth === 200)
    assert.ok(log.refused >= 1)
    assert.equal(await troubled(page), null)
  })

  test('a book is in memory and needs no token any more', { timeout: 60_000 }, async (t) => {
    const { page, log } = await open(t, 'book.epub')
    await page.waitForSelector('foliate-view')
    await page.waitForTimeout(6000)
    const says = (text) => page.waitForFunction((text) => document.querySelector('foliate-view').renderer.getContents()[0]?.doc.body.textContent.trim() === text, text)
    for (const text of ['one', 'two', 'three']) {
      await says(text)
      await page.waitForTimeout(300)
      await page.keyboard.press('PageDown')
    }
    assert.equal(log.tokens, 1)
  })

  test('a file that may no longer be read says so and offers a way out', { timeout: 60_000 }, async (t) => {
    const { page } = await open(t, 'picture.png', { life: -1 })
    const alert = page.locator('[role=alert]')
    await alert.waitFor()
    assert.match(await alert.innerText(), /can’t open this any more/)
    assert.ok(await alert.locator('button', { hasText: 'Try again' }).isVisible())
    assert.ok(await alert.locator('button', { hasText: 'Download' }).isVisible())
  })
})
