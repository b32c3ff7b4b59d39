// No script of a book runs and nothing in it loads from outside, whichever of the layers one takes away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { chapters, hostileBook } from './hostile-book.mjs'
import { address, browser, canary, rested, serve } from './server.mjs'

let chrome, trap, files
const names = []

before(async () => {
  chrome = await browser()
  trap = await canary()
  files = { 'hostile.epub': { data: hostileBook(trap.base), type: 'application/epub+zip' } }
  names.push(...chapters(trap.base).map(([name]) => name))
})

after(async () => {
  await chrome?.close()
  await trap?.close()
})

async function open(t, csp, query = {}) {
  const server = await serve(files, { csp })
  const context = await chrome.newContext()
  t.after(async () => (await context.close(), server.close()))
  const page = await context.newPage()
  trap.heard.length = 0
  const seen = { popups: 0, downloads: 0, dialogs: 0, dead: [] }
  context.on('page', (other) => other !== page && seen.popups++)
  page.on('download', () => seen.downloads++)
  page.on('dialog', (dialog) => (seen.dialogs++, dialog.dismiss()))
  page.on('pageerror', (error) => seen.dead.push(String(error)))
  await page.goto(address(server.base, 'hostile.epub', files['hostile.epub'], query))
  return { page, seen, server }
}

const marks = (page) => page.evaluate(() => window.mark)

// A page that is just being turned takes no other order: ask until it is done.
async function reach(page, name) {
  await rested(page)
  await page.evaluate(async (index) => {
    const view = document.querySelector('foliate-view')
    for (;;) {
      await view.goTo(index)
      const [shown] = view.renderer.getContents()
      if (shown?.index === index && shown.doc?.body) return
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
  }, names.indexOf(name))
}

const settle = (page) => page.waitForTimeout(350)

for (const csp of [true, false]) {
  test(`every chapter of a hostile book is inert, ${csp ? 'under' : 'without'} the server's policy`, { timeout: 180_000 }, async (t) => {
    const { page, seen, server } = await open(t, csp)
    await rested(page)
    const shown = new Set()
    for (const name of names) {
      await reach(page, name)
      await settle(page)
      // The frame's sandbox; then every link and every thing that asks to be clicked, by pointer and by keyboard.
      const sandboxes = await page.evaluate(() => {
        const contents = document.querySelector('foliate-view').renderer.getContents()
        const found = contents.map(({ doc }) => doc.defaultView.frameElement.getAttribute('sandbox'))
        for (const { doc } of contents) {
          for (const target of doc.querySelectorAll('.evil, a, [data-outside], button, input, area, summary')) {
            for (const type of ['click', 'auxclick']) target.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, button: type === 'click' ? 0 : 1, view: doc.defaultView }))
            target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
          }
          for (const form of doc.forms) form.submit()
        }
        return found
      })
      assert.deepEqual(sandboxes, ['allow-same-origin'], `${name}: the frame's sandbox`)
      shown.add(name)
      await settle(page)
      for (const dialog of await page.$$('dialog[open]')) await dialog.evaluate((element) => element.close())
      assert.equal(await marks(page), undefined, `${name}: something ran`)
      assert.deepEqual(trap.heard, [], `${name}: something called out`)
    }
    await settle(page)
    assert.equal(shown.size, names.length, 'every chapter was shown')
    assert.equal(await marks(page), undefined)
    assert.deepEqual(trap.heard, [])
    assert.equal(new URL(page.url()).origin, server.base, 'the top page stays')
    assert.equal(seen.popups + seen.downloads + seen.dialogs, 0)
  })

  test(`real clicks on the links of a hostile book lead nowhere, ${csp ? 'under' : 'without'} the server's policy`, { timeout: 120_000 }, async (t) => {
    const { page, seen, server } = await open(t, csp)
    await rested(page)
    let clicks = 0
    for (const name of ['links.xhtml', 'svg.xhtml', 'form.xhtml']) {
      await reach(page, name)
      const count = await page.evaluate(() => {
        const view = document.querySelector('foliate-view')
        return view.renderer.getContents()[0].doc.querySelectorAll('a, [data-outside], .evil').length
      })
      for (let i = 0; i < count; i++) {
        for (const button of ['left', 'middle']) {
          await reach(page, name)
          const at = await page.evaluate(
            (i) => {
              const doc = document.querySelector('foliate-view').renderer.getContents()[0].doc
              const box = doc.querySelectorAll('a, [data-outside], .evil')[i]?.getBoundingClientRect()
              const frame = doc.defaultView.frameElement.getBoundingClientRect()
              return box?.width && box.height ? [frame.left + box.left + box.width / 2, frame.top + box.top + box.height / 2] : null
            },
            i,
          )
          if (!at) continue // what has no size can't be hit
          await page.mouse.click(at[0], at[1], { button })
          clicks++
          await rested(page) // a click beside a link may turn the page
          const asked = await page.$('dialog[open]')
          if (asked) {
            const href = await asked.$eval('a', (a) => [a.href, a.rel, a.target]).catch(() => undefined)
            if (href) {
              assert.match(href[0], /^(https?|mailto):/)
              assert.match(href[1], /noopener/)
              assert.equal(href[2], '_blank')
            }
            await asked.evaluate((element) => element.close())
          }
        }
      }
    }
    await settle(page)
    assert.ok(clicks > 20, `${clicks} clicks`)
    assert.equal(await marks(page), undefined)
    assert.deepEqual(trap.heard, [])
    assert.equal(new URL(page.url()).origin, server.base)
    assert.equal(seen.popups + seen.downloads + seen.dialogs, 0)
  })
}

test('the book is still a book: its text, its own styles and its own pictures are there', async (t) => {
  const { page } = await open(t, true)
  await rested(page)
  await reach(page, 'load.xhtml')
  const found = await page.evaluate(() => {
    const doc = document.querySelector('foliate-view').renderer.getContents()[0].doc
    const chapter = doc.getElementById('chapter')
    const style = doc.defaultView.getComputedStyle(chapter)
    const picture = [...doc.querySelectorAll('img[src^="blob:"]')].at(-1)
    return { text: chapter.textContent, indent: style.textIndent, picture: picture?.naturalWidth }
  })
  assert.deepEqual(found, { text: 'load', indent: '7px', picture: 9 })
})

test('a link out of the book is offered, not followed', async (t) => {
  const { page } = await open(t, true)
  await rested(page)
  await reach(page, 'links.xhtml')
  await settle(page)
  await page.evaluate(() => document.querySelector('foliate-view').renderer.getContents()[0].doc.querySelector('[data-outside]').click())
  const link = page.locator('dialog[open] a')
  assert.equal(await link.getAttribute('href'), `${trap.base}/top`)
  assert.deepEqual(trap.heard, [])
})

// Each layer alone. The sandbox stops scripts, forms, pop-ups and the way up; it lets pictures load, which
// also shows that these chapters are as the book has them.
test('the sandbox alone: nothing runs, nothing is sent, the top page stays', { timeout: 60_000 }, async (t) => {
  const { page, seen, server } = await open(t, false, { layer: 'sandbox' })
  await page.waitForFunction(() => document.title === 'laid' || document.title.startsWith('failed'))
  await settle(page)
  assert.equal(await page.title(), 'laid')
  assert.equal(await marks(page), undefined)
  const ran = trap.heard.filter((line) => /ran-|top-|POST|refresh|module\.js/.test(line))
  assert.deepEqual(ran, [])
  assert.ok(trap.heard.includes('GET /img.png'), 'the chapters were not sanitised')
  assert.equal(new URL(page.url()).origin, server.base)
  assert.equal(seen.popups + seen.downloads, 0)
})

test("the sanitiser alone: in a frame without sandbox or policy nothing runs and nothing loads", { timeout: 60_000 }, async (t) => {
  const { page, seen, server } = await open(t, false, { layer: 'sanitiser' })
  await page.waitForFunction(() => document.title === 'laid' || document.title.startsWith('failed'))
  await settle(page)
  assert.equal(await page.title(), 'laid')
  assert.equal(await marks(page), undefined)
  assert.deepEqual(trap.heard, [])
  assert.equal(new URL(page.url()).origin, server.base)
  assert.equal(seen.popups + seen.downloads, 0)
})

test("the chapter's own policy in the sandbox, without the sanitiser: nothing runs and nothing loads", { timeout: 60_000 }, async (t) => {
  const { page } = await open(t, false, { layer: 'policy' })
  await page.waitForFunction(() => document.title === 'laid' || document.title.startsWith('failed'))
  await settle(page)
  assert.equal(await page.title(), 'laid')
  assert.equal(await marks(page), undefined)
  // What stands before the head (xml-stylesheet, an SVG or a type with no head) is beyond a policy
  // that the head carries: there the sanitiser and the server's policy hold.
  const beyond = /pi\.|svgpi|spine\.png|upper\.png|xml\.png|odd\.png|entity|parameter|mnoscript|mform|mselect|mstyle|\/body\.png/
  assert.deepEqual(trap.heard.filter((line) => !beyond.test(line)), [])
})

test("the server's policy in the sandbox, without the sanitiser: nothing runs and nothing loads", { timeout: 60_000 }, async (t) => {
  const { page, server } = await open(t, true, { layer: 'sandbox' })
  await page.waitForFunction(() => document.title === 'laid' || document.title.startsWith('failed'))
  await settle(page)
  assert.equal(await marks(page), undefined)
  assert.deepEqual(trap.heard, [])
  assert.equal(new URL(page.url()).origin, server.base)
})

test('and the book can do harm: unprotected, it runs and it calls out', { timeout: 60_000 }, async (t) => {
  const { page } = await open(t, false, { layer: 'none' })
  await page.waitForEvent('framenavigated', { predicate: (frame) => frame === page.mainFrame() && frame.url().startsWith(trap.base), timeout: 20_000 }).catch(() => {})
  await settle(page)
  assert.ok(trap.heard.some((line) => line.includes('ran-')), 'a script ran and called the canary')
  assert.ok(trap.heard.includes('GET /img.png') || trap.heard.length > 3, 'pictures loaded from outside')
})
