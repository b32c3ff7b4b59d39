// Each reader does its work: by keyboard, by hand, in both directions, and with files that lie.
import AxeBuilder from '@axe-core/playwright'
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { zip } from './archive.mjs'
import { cbz, epub, mp4, pdf, png, wav } from './made.mjs'
import { address, browser, hasSamples, rested, samples, serve } from './server.mjs'

let chrome
const book = (text, more) => ({ data: epub(text, more), type: 'application/epub+zip' })
const long = (word) => `<h1>${word}</h1>${`<p>${`${word} `.repeat(60)}</p>`.repeat(40)}`
const math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mi>a</mi><mi>b</mi></mfrac></math><m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:msqrt><m:mi>x</m:mi></m:msqrt></m:math>'
const noted = `<p>Call<a epub:type="noteref" href="#n1">1</a> me.</p><p><a href="c1.xhtml#deep">on</a></p><p><a href="https://example.org/x">out</a></p>${math}<aside epub:type="footnote" id="n1"><p>Ishmael is a name.</p></aside>`
const fixedPage = (n) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 600"><text x="20" y="80">fixed ${n}</text></svg>`

const files = {
  'plain.epub': book([['One', noted], ['Two', `${long('two')}<p id="deep">deep</p>`], ['Three', long('three')]]),
  'rtl.epub': book([['واحد', long('كتاب')], ['اثنان', long('قلم')]], { language: 'ar', spine: 'page-progression-direction="rtl"' }),
  'fixed.epub': book([['One', fixedPage(1)], ['Two', fixedPage(2)], ['Three', fixedPage(3)]], { meta: '<meta property="rendition:layout">pre-paginated</meta>' }),
  'missing.epub': { data: zip([['mimetype', 'application/epub+zip']]), type: 'application/epub+zip' },
  'cut.epub': { data: epub([['One', 'x']]).subarray(0, 300), type: 'application/epub+zip' },
  'bomb.epub': book([['One', '<p>small</p>'], ['Two', `<p>${'0'.repeat(40 * 2 ** 20)}</p>`], ['Three', '<p>after</p>']]),
  'made.pdf': { data: pdf(12), type: 'application/pdf' },
  'not.pdf': { data: Buffer.from('this is no PDF'.repeat(100)), type: 'application/pdf' },
  'comic.cbz': { data: cbz(12), type: 'application/vnd.comicbook+zip' },
  'manga.cbz': { data: cbz(3, [['ComicInfo.xml', '<ComicInfo><Manga>YesAndRightToLeft</Manga></ComicInfo>']]), type: 'application/vnd.comicbook+zip' },
  'bomb.cbz': { data: zip([['1.png', png(20, 20, [1, 2, 3])], ['2.png', Buffer.alloc(80 * 2 ** 20), { deflate: true, lie: 10 }], ['3.png', png(20, 20, [9, 9, 9])]]), type: 'application/vnd.comicbook+zip' },
  'picture.png': { data: png(640, 480, [40, 120, 90]), type: 'image/png' },
  'utf16.txt': { data: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Olá, ação', 'utf16le')]), type: 'text/plain' },
  'latin.txt': { data: Buffer.from('Ol\xe1, a\xe7\xe3o', 'latin1'), type: 'text/plain' },
  'utf8.csv': { data: Buffer.from('título,autor\nação,<img src=x onerror=top.mark=1>'), type: 'text/csv' },
  'tone.wav': { data: wav(5), type: 'audio/wav' },
  'x.zip': { data: zip([['a', 'b']]), type: 'application/zip' },
}
const film = mp4(5)
if (film) files['film.mp4'] = { data: film, type: 'video/mp4' }
if (hasSamples)
  for (const name of ['childrens-literature', 'childrens-media-query', 'georgia-cfi', 'israelsailing', 'linear-algebra', 'moby-dick', 'page-blanche', 'regime-anticancer-arabic', 'sous-le-vent', 'wasteland']) {
    const path = join(samples, 'epub', `${name}.epub`)
    if (existsSync(path)) files[`${name}.epub`] = { data: readFileSync(path), type: 'application/epub+zip' }
  }
const locked = join(samples, 'pdf/libreoffice-writer-password.pdf')
if (existsSync(locked)) files['locked.pdf'] = { data: readFileSync(locked), type: 'application/pdf' }

let server
before(async () => {
  chrome = await browser()
  server = await serve(files)
})
after(async () => {
  await chrome?.close()
  await server?.close()
})

async function open(t, name, { query = {}, ...options } = {}) {
  const context = await chrome.newContext({ viewport: { width: 1000, height: 720 }, reducedMotion: 'reduce', ...options })
  t.after(() => context.close())
  const page = await context.newPage()
  page.faults = []
  page.on('pageerror', (error) => page.faults.push(String(error)))
  await page.goto(address(server.base, name, files[name], { title: name, ...query }))
  return page
}

const text = (page) => page.evaluate(() => document.querySelector('foliate-view')?.renderer.getContents().map(({ doc }) => doc?.body?.textContent ?? '').join(' ') ?? '')
async function says(page, words) {
  await page.waitForFunction((words) => document.querySelector('foliate-view')?.renderer?.getContents().some(({ doc }) => doc?.body?.textContent.includes(words)), words)
  await rested(page)
}
const turn = async (page, key) => (await page.waitForTimeout(250), await page.keyboard.press(key), rested(page))

test('a book turns its pages by keyboard, keeps its place and closes by Escape', async (t) => {
  const page = await open(t, 'plain.epub')
  await says(page, 'Call')
  await turn(page, 'PageDown')
  await says(page, 'two two')
  await turn(page, 'ArrowRight')
  await turn(page, 'ArrowRight')
  await page.waitForTimeout(400)
  const place = await page.evaluate(() => localStorage.getItem('onlibrary.place.plain.epub'))
  await page.reload()
  await says(page, 'two two')
  await page.waitForTimeout(400)
  assert.equal(await page.evaluate(() => JSON.parse(localStorage.getItem('onlibrary.place.plain.epub')).locator.split(',')[0]), JSON.parse(place).locator.split(',')[0])
  await turn(page, 'ArrowLeft')
  await page.keyboard.press('Escape')
  assert.equal(await page.title(), 'closed')
  assert.deepEqual(page.faults, [])
})

test('links inside a book lead on, and there is a way back; a note opens beside the text', async (t) => {
  const page = await open(t, 'plain.epub')
  await says(page, 'Call')
  const frame = page.frames().find((frame) => frame.url().startsWith('blob:'))
  assert.equal(await frame.locator('aside').isVisible(), false, 'the note is not in the way')
  await frame.click('a[href="#n1"]')
  await page.locator('dialog[open] foliate-view').waitFor()
  await page.waitForFunction(() => document.querySelector('dialog[open] foliate-view').renderer.getContents()[0]?.doc.body.textContent.includes('Ishmael'))
  await page.keyboard.press('Escape')
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
  await frame.click('a[href^="c1"]')
  await says(page, 'deep')
  await page.mouse.move(500, 20)
  await page.click('[data-act=back]')
  await says(page, 'Call')
})

test('a book keeps MathML, also under a prefix', async (t) => {
  const page = await open(t, 'plain.epub')
  await says(page, 'Call')
  const drawn = await page.evaluate(() => {
    const doc = document.querySelector('foliate-view').renderer.getContents()[0].doc
    return ['mfrac', 'msqrt'].map((name) => doc.getElementsByTagNameNS('http://www.w3.org/1998/Math/MathML', name).length)
  })
  assert.deepEqual(drawn, [1, 1])
})

test('a book from right to left goes on by the left arrow', async (t) => {
  const page = await open(t, 'rtl.epub', { query: { lang: 'ar' } })
  await says(page, 'كتاب')
  const before = await page.inputValue('input[type=range]')
  await turn(page, 'ArrowLeft')
  await page.waitForFunction((before) => Number(document.querySelector('input[type=range]').value) > Number(before), before)
  assert.equal(await page.getAttribute('input[type=range]', 'dir'), 'rtl')
})

test('a fixed-layout book shows its pages whole', async (t) => {
  const page = await open(t, 'fixed.epub')
  await says(page, 'fixed 1')
  await turn(page, 'PageDown')
  await says(page, 'fixed 2')
})

test('size, spacing, paper and scrolling change the page at once and are remembered', async (t) => {
  const page = await open(t, 'plain.epub')
  await says(page, 'Call')
  const size = () => page.evaluate(() => {
    const doc = document.querySelector('foliate-view').renderer.getContents()[0].doc
    return parseFloat(doc.defaultView.getComputedStyle(doc.documentElement).fontSize)
  })
  const before = await size()
  await page.keyboard.press('s')
  await page.click('button[aria-label="Larger text"]')
  await page.waitForTimeout(200)
  assert.ok((await size()) > before)
  await page.check('input[value=sepia]', { force: true })
  await page.check('input[value=scrolled]', { force: true })
  await page.keyboard.press('Escape')
  assert.equal(await page.getAttribute('foliate-view', 'class'), null)
  assert.ok(await page.$('.shell.sepia'))
  await page.reload()
  await says(page, 'Call')
  assert.ok((await size()) > before)
  assert.equal(await page.evaluate(() => document.querySelector('foliate-view').renderer.getAttribute('flow')), 'scrolled')
})

test('where a frame without scripts hears nothing, links and page turns still work', async (t) => {
  const context = await chrome.newContext({ viewport: { width: 1000, height: 720 } })
  t.after(() => context.close())
  const page = await context.newPage()
  await page.addInitScript(() => {
    const send = EventTarget.prototype.dispatchEvent
    EventTarget.prototype.dispatchEvent = function (event) {
      return event.type === 'hark' || send.call(this, event)
    }
  })
  await page.goto(address(server.base, 'plain.epub', files['plain.epub']))
  await says(page, 'Call')
  const at = await page.evaluate(() => {
    const doc = document.querySelector('foliate-view').renderer.getContents()[0].doc
    const frame = doc.defaultView.frameElement
    const box = doc.querySelector('[data-outside]').getBoundingClientRect()
    const around = frame.getBoundingClientRect()
    return { events: getComputedStyle(frame).pointerEvents, x: around.left + box.left + box.width / 2, y: around.top + box.top + box.height / 2 }
  })
  assert.equal(at.events, 'none')
  await page.mouse.click(at.x, at.y)
  assert.equal(await page.locator('dialog[open] a').getAttribute('href'), 'https://example.org/x')
  await page.keyboard.press('Escape')
  await page.mouse.click(970, 400)
  await says(page, 'two two')
})

for (const name of ['missing.epub', 'cut.epub', 'not.pdf'])
  test(`${name} is called damaged, with a way out`, async (t) => {
    const page = await open(t, name)
    const alert = page.locator('[role=alert]')
    await alert.waitFor()
    assert.match(await alert.innerText(), /damaged/)
    assert.ok(await alert.locator('button', { hasText: 'Download' }).isVisible())
  })

test('a chapter that unpacks beyond the bound costs itself, not the book', async (t) => {
  const page = await open(t, 'bomb.epub')
  await says(page, 'small')
  await turn(page, 'End')
  await says(page, 'after')
})

const books = Object.keys(files).filter((name) => /^[a-z-]+\.epub$/.test(name) && !['plain.epub', 'rtl.epub', 'fixed.epub', 'missing.epub', 'cut.epub', 'bomb.epub'].includes(name))
test('every sample book opens, shows itself and can be paged through', { skip: books.length ? false : 'the sample books are not here', timeout: 240_000 }, async (t) => {
  for (const name of books) {
    const page = await open(t, name)
    await page.waitForFunction(() => document.querySelector('foliate-view')?.renderer?.getContents().some(({ doc }) => doc?.body), null, { timeout: 30_000 })
    await rested(page)
    const seen = new Set()
    for (const fraction of [0.1, 0.4, 0.8]) {
      await page.evaluate((fraction) => document.querySelector('foliate-view').goToFraction(fraction), fraction)
      await page.waitForTimeout(300)
      seen.add(await page.evaluate((key) => localStorage.getItem(key), `onlibrary.place.${name}`))
      assert.ok((await text(page)) || (await page.evaluate(() => document.querySelector('foliate-view').renderer.getContents().some(({ doc }) => doc?.querySelector('img, svg')))), `${name} shows something`)
      const sandboxes = await page.evaluate(() => document.querySelector('foliate-view').renderer.getContents().map(({ doc }) => doc?.defaultView?.frameElement?.getAttribute('sandbox') ?? 'allow-same-origin'))
      assert.ok(sandboxes.every((value) => value === 'allow-same-origin'), name)
    }
    const sections = await page.evaluate(() => document.querySelector('foliate-view').book.sections.length)
    assert.ok(seen.size > 1 || sections === 1, `${name} shows different pages`)
    assert.deepEqual(page.faults, [], name)
    await page.close()
  }
})

test('a PDF finds a word, follows its outline, zooms and keeps its place', async (t) => {
  const page = await open(t, 'made.pdf')
  await page.waitForSelector('.page[data-page-number="1"] canvas')
  await page.keyboard.press('/')
  await page.keyboard.type('needle')
  await page.waitForFunction(() => document.querySelector('.textLayer .highlight.selected')?.closest('.page')?.dataset.pageNumber === '7')
  assert.match(await page.locator('.acts [role=status]').innerText(), /1 of 1/)
  await page.keyboard.press('Escape')
  assert.notEqual(await page.title(), 'closed', 'Escape closes the search first')
  await page.mouse.move(500, 20)
  await page.click('[data-act=contents]')
  await page.click('dialog button:has-text("Half way")')
  await page.waitForFunction(() => document.querySelector('.pages input').value === '7')
  const before = await page.locator('.pages output').innerText()
  await page.keyboard.press('+')
  await page.waitForFunction((before) => document.querySelector('.pages output').textContent !== before, before)
  await page.waitForTimeout(500)
  await page.reload()
  await page.waitForFunction(() => document.querySelector('.pages input')?.value === '7')
})

test('of the links in a PDF only those of the web are links, and no script of it runs', async (t) => {
  const page = await open(t, 'made.pdf')
  await page.waitForSelector('.page[data-page-number="1"] .annotationLayer a')
  const links = await page.$$eval('.page[data-page-number="1"] .annotationLayer a', (all) => all.map((a) => [a.getAttribute('href') ?? '', a.rel, a.target]))
  const live = links.filter(([href]) => href && href !== '#')
  assert.deepEqual(live, [['http://127.0.0.1:9/away', 'noopener noreferrer nofollow', '_blank']])
  for (const link of await page.$$('.page[data-page-number="1"] .annotationLayer a')) if (!(await link.getAttribute('href'))?.startsWith('http:')) await link.click({ force: true })
  assert.equal(await page.evaluate(() => window.mark), undefined)
  assert.equal(new URL(page.url()).origin, server.base)
})

test('a locked PDF asks for its password until it fits', { skip: files['locked.pdf'] ? false : 'the sample files are not here' }, async (t) => {
  const page = await open(t, 'locked.pdf')
  await page.fill('input[type=password]', 'wrong')
  await page.keyboard.press('Enter')
  await page.locator('[role=alert]').waitFor()
  await page.fill('input[type=password]', 'openpassword')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.page canvas')
})

test('a comic counts its pages as people do, turns both ways and remembers', async (t) => {
  const page = await open(t, 'comic.cbz')
  await page.waitForFunction(() => document.querySelector('output')?.textContent === '1 of 12')
  const colour = () => page.evaluate(async () => {
    const image = document.querySelector('.frame img')
    await image.decode()
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })
    canvas.getContext('2d').drawImage(image, 0, 0, 1, 1)
    return canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0]
  })
  await page.keyboard.press('ArrowRight')
  await page.waitForFunction(() => document.querySelector('output').textContent === '2 of 12')
  await page.waitForTimeout(300)
  assert.equal(await colour(), 40, 'page 2 comes after page 1, not page 10')
  await page.keyboard.press('d')
  await page.keyboard.press('ArrowLeft')
  await page.waitForFunction(() => document.querySelector('output').textContent === '3 of 12')
  await page.reload()
  await page.waitForFunction(() => document.querySelector('output')?.textContent === '3 of 12')
  assert.equal(await page.getAttribute('[data-act=direction]', 'aria-pressed'), 'true')
})

test('a comic that says that it is read from right to left is', async (t) => {
  const page = await open(t, 'manga.cbz')
  await page.waitForSelector('[data-act=direction][aria-pressed=true]')
})

test('a comic page that unpacks beyond the bound is left out', async (t) => {
  const page = await open(t, 'bomb.cbz')
  await page.waitForSelector('.frame img')
  await page.keyboard.press('ArrowRight')
  await page.waitForSelector('.frame [role=status]')
  await page.keyboard.press('ArrowRight')
  await page.waitForFunction(() => document.querySelector('.frame img')?.naturalWidth === 20)
})

test('text is read in its encoding, and is only ever text', async (t) => {
  for (const [name, words] of [['utf16.txt', 'Olá, ação'], ['latin.txt', 'Olá, ação'], ['utf8.csv', 'ação,<img src=x onerror=top.mark=1>']]) {
    const page = await open(t, name)
    assert.ok((await page.locator('pre').innerText()).includes(words), name)
    assert.equal(await page.evaluate(() => window.mark), undefined)
  }
})

test('a picture zooms by key, wheel and double tap, and fits again', async (t) => {
  const page = await open(t, 'picture.png')
  await page.waitForSelector('img.ready')
  const scale = () => page.evaluate(() => new DOMMatrix(getComputedStyle(document.querySelector('.frame img')).transform).a)
  await page.keyboard.press('+')
  assert.ok((await scale()) > 1.2)
  await page.keyboard.press('0')
  assert.equal(await scale(), 1)
  await page.mouse.move(300, 300)
  await page.mouse.wheel(0, -400)
  await page.waitForTimeout(100)
  assert.ok((await scale()) > 1.2)
  await page.mouse.dblclick(400, 400)
  assert.equal(await scale(), 1)
})

test('what no reader opens can be downloaded', async (t) => {
  const page = await open(t, 'x.zip')
  const download = page.waitForEvent('download')
  await page.click('button:has-text("Download")')
  assert.equal((await download).suggestedFilename(), 'x.zip')
})

for (const name of ['plain.epub', 'made.pdf', 'comic.cbz', 'picture.png', 'utf16.txt', 'tone.wav', 'film.mp4', 'x.zip'])
  test(`${name} by day and by night: targets of 44 px, names for all, no fault that axe finds`, { skip: files[name] ? false : 'no FFmpeg here to make a film' }, async (t) => {
    const page = await open(t, name, { viewport: { width: 360, height: 740 } })
    await page.waitForSelector('foliate-view, .page canvas, .frame img, pre, audio, video, h2', { state: 'attached' })
    await page.waitForTimeout(500)
    const small = await page.$$eval('button, select, a[href], .pages input, .foot input', (all) =>
      all.filter((e) => e.checkVisibility() && !e.closest('.annotationLayer')).map((e) => [e.getAttribute('aria-label') ?? e.textContent, e.getBoundingClientRect()]).filter(([, box]) => box.width && (box.width < 43.5 || box.height < 43.5)).map(([label, box]) => `${label} ${box.width}×${box.height}`))
    assert.deepEqual(small, [])
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out sideways')
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      // The book's own text is the book's; the frame around it is ours.
      const { violations } = await new AxeBuilder({ page }).exclude('iframe').exclude('.pdfViewer').analyze()
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`), [], colorScheme)
    }
  })
