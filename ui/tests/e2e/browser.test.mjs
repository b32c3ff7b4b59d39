// The main job with eyes and hands, in Chromium: set-up, upload, sign-up,
// approval, reading, playing, and another language and direction.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { launch, person } from './eyes.mjs'
import * as library from './library.mjs'
import { epub, filmFile, pdf, png } from './make.mjs'
import { serve } from './server.mjs'

const title = 'The Quiet Garden'
let server, browser, ada, bia

before(async () => {
  server = await serve()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server.close()
})

test('the set-up page opens the library, and who runs it is signed in', async () => {
  ada = await person(browser, server)
  await ada.page.goto(server.setupPath)
  await ada.field('ui.setup.libraryName').fill('The Reading Room')
  await ada.canBeUsedByAll('set-up')
  await ada.field('ui.field.name').fill(library.admin.name)
  await ada.field('ui.field.email').fill(library.admin.email)
  await ada.field('ui.field.password').fill(library.admin.password)
  await ada.the('button', 'ui.setup.act').click()
  await ada.page.waitForURL((url) => url.pathname === '/')
  await ada.the('link', 'ui.nav.staff').waitFor()
  await ada.the('heading', 'ui.home.empty.title').waitFor()
  await ada.canBeUsedByAll('an empty home')
  ada.hasNoComplaint('set-up')

  const late = await person(browser, server)
  await late.page.goto(server.setupPath)
  await late.the('link', 'ui.nav.home').waitFor()
  assert.equal(await late.field('ui.setup.libraryName').count(), 0)
  await late.context.close()
})

test('files are uploaded by the chooser, and their covers appear by themselves', { timeout: 180_000 }, async () => {
  await ada.goTo('ui.nav.upload')
  await ada.canBeUsedByAll('upload')
  const chooser = ada.page.waitForEvent('filechooser')
  await ada.the('button', 'ui.upload.choose').click()
  const chapter = `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head><body><h1>One</h1>${'<p>The gate was open, and nobody was there to close it.</p>'.repeat(60)}</body></html>`
  await (await chooser).setFiles([
    { name: 'garden.epub', mimeType: 'application/epub+zip', buffer: epub({ title, author: 'Rosa Jardim', chapter, cover: png(400, 600, 7) }) },
    { name: 'paper.pdf', mimeType: 'application/pdf', buffer: pdf({ title: 'A paper on moss', lines: ['Moss', 'More moss'] }) },
    { name: 'film.mp4', mimeType: 'video/mp4', buffer: fs.readFileSync(filmFile({ seconds: 20, title: 'Moss in the wind' })) },
    { name: 'leaf.png', mimeType: 'image/png', buffer: png(640, 480, 3) },
  ])
  // The rows turn from file names into documents with covers; nothing is reloaded.
  for (const name of [title, 'A paper on moss', 'Moss in the wind', 'leaf']) {
    const row = ada.page.getByRole('listitem').filter({ has: ada.page.getByRole('link', { name, exact: true }) })
    await row.waitFor({ timeout: 100_000 })
    await row.locator('img').waitFor({ timeout: 100_000 })
    const width = await row.locator('img').evaluate((image) => image.decode().then(() => image.naturalWidth))
    assert.ok(width > 0, name)
  }
  await ada.canBeUsedByAll('uploaded')
  ada.hasNoComplaint('upload')
})

test('somebody signs up in Portuguese, and waits', async () => {
  bia = await person(browser, server, 'pt-BR')
  await bia.page.goto('/')
  await bia.page.goto('/signup')
  assert.equal(await bia.page.locator('html').getAttribute('lang'), 'pt-BR')
  await bia.field('ui.field.name').fill('Bia Leitora')
  await bia.field('ui.field.email').fill('bia@library.test')
  await bia.field('ui.field.username').fill('bia')
  await bia.field('ui.field.password').fill(library.password)
  await bia.canBeUsedByAll('sign-up')
  await bia.the('button', 'ui.signup.act').click()
  await bia.page.getByText(bia.text('ui.signup.done.approval'), { exact: true }).waitFor()
  await bia.canBeUsedByAll('signed up')
  bia.hasNoComplaint('sign-up')

  await bia.page.goto('/signin')
  await bia.field('ui.signin.identity').fill('bia')
  await bia.field('ui.field.password').fill(library.password)
  await bia.canBeUsedByAll('sign-in')
  await bia.the('button', 'ui.signin.act').click()
  await bia.page.getByRole('alert').getByText(bia.text('fault.account_pending')).waitFor()
  bia.complaints.splice(0) // Chromium notes the refusal in its console
})

test('staff approve and give a role on their page', async () => {
  await ada.goTo('ui.nav.staff')
  const row = ada.page.getByRole('listitem').filter({ hasText: 'Bia Leitora' })
  await row.waitFor()
  await ada.canBeUsedByAll('patrons')
  await row.getByRole('button', { name: ada.text('ui.staff.approve') }).click()
  await row.getByText(ada.text('ui.patron.active'), { exact: true }).waitFor()
  await ada.the('combobox', 'ui.staff.roleOf', { Name: 'Bia Leitora' }).selectOption({ label: 'Customer' })
  await ada.page.getByText(ada.text('ui.staff.changed', { Name: 'Bia Leitora' })).first().waitFor()
  for (const path of ['/staff/categories', '/staff/library', '/me', '/catalogue']) {
    await ada.page.goto(path)
    await ada.page.getByRole('heading', { level: 1 }).waitFor()
    await ada.canBeUsedByAll(path)
  }
  ada.hasNoComplaint('staff')
})

test('the new patron signs in and finds the book by the search box', async () => {
  await bia.signIn('bia', library.password)
  await bia.page.getByRole('link', { name: title }).first().waitFor()
  await bia.canBeUsedByAll('home')
  await bia.goTo('ui.nav.catalogue')
  await bia.the('searchbox', 'ui.search.label').fill('jardim') // the author, in another case
  await bia.page.getByRole('link', { name: 'A paper on moss' }).waitFor({ state: 'detached' })
  await bia.page.getByRole('link', { name: title }).click()
  await bia.page.getByRole('heading', { name: title, level: 1 }).waitFor()
  await bia.canBeUsedByAll('a document')
  bia.hasNoComplaint('search')
})

test('the book opens, and its pages turn', async () => {
  await bia.the('link', 'ui.document.act.read').click()
  await bia.page.getByRole('main', { name: title }).waitFor()
  await seen(bia.page, /nobody was there to close it/)
  await bia.canBeUsedByAll('the book')
  await bia.the('button', 'ui.reader.look').click()
  const panel = await bia.the('dialog', 'ui.reader.look').boundingBox()
  const { width, height } = bia.page.viewportSize()
  assert.deepEqual([panel.x + panel.width, panel.y, panel.height], [width, 0, height], 'the panel stands at its edge')
  await bia.canBeUsedByAll('the panel')
  await bia.page.keyboard.press('Escape')
  const progress = bia.the('slider', 'ui.reader.progress')
  const before = Number(await progress.inputValue())
  await bia.the('button', 'ui.reader.next').click()
  await library.until(async () => Number(await progress.inputValue()) > before, 'the page turns')
  await bia.page.keyboard.press('Escape') // the bars have left
  await bia.page.getByRole('heading', { name: title, level: 1 }).waitFor()
  bia.hasNoComplaint('the book')
})

test('the PDF opens', async () => {
  await open(bia, 'A paper on moss')
  await bia.the('link', 'ui.document.act.read').click()
  await bia.page.getByRole('main', { name: 'A paper on moss' }).waitFor()
  await seen(bia.page, /Moss/)
  await bia.page.locator('canvas').first().waitFor()
  await bia.canBeUsedByAll('the PDF')
  await bia.the('button', 'ui.reader.close').click()
  bia.hasNoComplaint('the PDF')
})

test('the film plays and can be sought in', async () => {
  await open(bia, 'Moss in the wind')
  await bia.the('link', 'ui.document.act.watch').click()
  const video = bia.page.locator('video')
  await video.waitFor()
  await library.until(() => video.evaluate((v) => v.duration > 19), 'the film is known')
  await bia.the('button', 'ui.reader.play').click()
  await library.until(() => video.evaluate((v) => v.currentTime > 0.2), 'it plays')
  await bia.the('slider', 'ui.reader.seek').fill('15')
  await library.until(() => video.evaluate((v) => v.currentTime >= 15 && !v.seeking && v.readyState >= 2), 'it plays on from there')
  await bia.canBeUsedByAll('the film')
  await bia.the('button', 'ui.reader.close').click()
  bia.hasNoComplaint('the film')
})

test('the picture is shown', async () => {
  await open(bia, 'leaf')
  await bia.the('link', 'ui.document.act.view').click()
  await bia.page.getByRole('main', { name: 'leaf' }).waitFor()
  await library.until(() => bia.page.locator('img').evaluateAll((images) => images.some((i) => i.naturalWidth === 640)), 'the picture')
  await bia.canBeUsedByAll('the picture')
  bia.hasNoComplaint('the picture')
})

test('a share is heard of while the page is open', async () => {
  await bia.page.goto('/')
  await bia.the('heading', 'ui.home.newest').waitFor()
  const admin = await library.signIn(server)
  const secret = await library.upload(admin, 'secret.png', png(200, 300, 13), { title: 'A sealed letter', visibility: 'private' })
  await bia.page.goto('/catalogue')
  await bia.page.getByRole('link', { name: title }).first().waitFor()
  assert.equal(await bia.page.getByText('A sealed letter').count(), 0)
  await ada.page.goto(`/documents/${secret.id}`)
  await ada.page.getByRole('heading', { name: 'A sealed letter' }).waitFor()
  await share(ada, 'bia')
  await bia.page.getByRole('status').getByText(library.pattern('pt-BR', 'notice.share.title')).first().waitFor()
  await bia.page.getByRole('navigation').getByText(library.pattern('pt-BR', 'ui.notice.count')).waitFor()
  ada.hasNoComplaint('sharing')
  bia.hasNoComplaint('a share')
})

test('in Arabic the page is written from right to left', async () => {
  await bia.page.goto('/me')
  await bia.field('ui.field.language').selectOption('ar')
  await bia.page.locator('html[dir=rtl][lang=ar]').waitFor()
  bia.language = 'ar'
  await bia.the('link', 'ui.nav.home').waitFor()
  for (const path of ['/me', '/', '/catalogue']) {
    await bia.page.goto(path)
    await bia.the('link', 'ui.nav.home').waitFor()
    assert.equal(await bia.page.locator('html').getAttribute('dir'), 'rtl')
    await bia.canBeUsedByAll(`${path} in Arabic`)
    const wide = await bia.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    assert.ok(!wide, `${path} scrolls sideways`)
  }
  bia.hasNoComplaint('Arabic')
})

test('on a phone and in the dark nobody is shut out', async () => {
  const phone = await person(browser, server, 'en', { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true })
  await phone.signIn('bia', library.password)
  phone.language = 'ar' // she chose it
  for (const path of ['/', '/catalogue', '/me', '/upload']) {
    await phone.page.goto(path)
    await phone.the('link', 'ui.nav.home').waitFor()
    await phone.canBeUsedByAll(`${path} on a phone`)
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    assert.ok(!wide, `${path} scrolls sideways`)
  }
  phone.hasNoComplaint('a phone')
  await phone.context.close()
})

async function open(someone, name) {
  await someone.page.goto('/catalogue')
  await someone.page.getByRole('link', { name }).first().click()
  await someone.page.getByRole('heading', { name, level: 1 }).waitFor()
}

/** Waits until some frame of the page shows such text. */
function seen(page, words) {
  return library.until(async () => {
    for (const frame of page.frames()) {
      const text = await frame.evaluate(() => document.body?.innerText ?? '').catch(() => '')
      if (words.test(text)) return text
    }
    return false
  }, `${words} on the page`, 20)
}

async function share(someone, username) {
  await someone.the('textbox', 'ui.share.username').fill(username)
  await someone.the('button', 'ui.share.add').click()
}
