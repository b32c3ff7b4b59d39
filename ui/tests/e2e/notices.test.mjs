// The bell, and what one hears of: without a reload, in each open tab.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './eyes.mjs'
import * as library from './library.mjs'
import { png } from './make.mjs'
import { serve } from './server.mjs'

let server, browser, staff, bia, biaId

before(async () => {
  server = await serve()
  await library.setUp(server)
  await library.lift(server)
  await library.makeUser(server, 'bia@library.test', '--username', 'bia', '--name', 'Bia Leitora', '--role', 'Customer')
  staff = await library.signIn(server)
  biaId = (await library.signIn(server, 'bia')).authStore.record.id
  browser = await launch()
  bia = await person(browser, server)
  await bia.signIn('bia', library.password)
})
after(async () => {
  await browser?.close()
  await server.close()
})

const tell = (title, more = {}) => staff.collection('notifications').create({ user: biaId, title, ...more })
const stored = async (id) => (await staff.collection('notifications').getOne(id)).readAt
const bell = (someone) => someone.page.getByRole('button', { name: new RegExp(`^${someone.text('ui.nav.notices')}`) })
const counts = (page, number) => page.locator('nav .count', { hasText: new RegExp(`^${number}$`) })
const row = (page, title) => page.getByRole('listitem').filter({ hasText: title })

test('a notice made by staff appears without a reload, and is marked as read', async () => {
  await bia.page.goto('/')
  await bell(bia).waitFor()
  assert.equal(await bia.page.locator('nav .count').count(), 0)
  const { id } = await tell('The reading room closes at four', { body: 'On Friday.' })
  await counts(bia.page, 1).waitFor()
  await bia.page.getByRole('status').getByText('The reading room closes at four').waitFor() // said, politely
  await bell(bia).press('Enter')
  const panel = bia.page.getByRole('dialog')
  await row(panel, 'The reading room closes at four').getByText('On Friday.').waitFor()
  await bia.canBeUsedByAll('the panel')
  await panel.getByRole('button', { name: bia.text('ui.notice.markRead') }).click()
  await bia.page.locator('nav .count').waitFor({ state: 'detached' })
  await library.until(() => stored(id), 'it is kept as read')
  await panel.getByRole('button', { name: bia.text('ui.notice.markUnread') }).click()
  await counts(bia.page, 1).waitFor()
  await library.until(async () => !(await stored(id)), 'it is kept as unread')
  await bia.page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })
  assert.equal(await bell(bia).evaluate((button) => document.activeElement === button), true, 'the focus is back on the bell')
  bia.hasNoComplaint('a notice')
})

test('what is read in one tab is read in the other', async () => {
  const other = await bia.context.newPage()
  await other.goto('/notifications')
  await bia.page.bringToFront()
  await counts(other, 1).waitFor()
  await tell('Two')
  await counts(bia.page, 2).waitFor()
  await counts(other, 2).waitFor()
  await row(other, 'Two').waitFor()
  await bell(bia).click()
  await bia.the('button', 'ui.notice.readAll').click()
  await bia.page.locator('nav .count').waitFor({ state: 'detached' })
  await other.locator('nav .count').waitFor({ state: 'detached' })
  await other.locator('li.unread').waitFor({ state: 'detached' })
  await other.close()
  bia.hasNoComplaint('two tabs')
})

test('the page of notices fetches on, and deletes after a time to undo', async () => {
  for (let i = 0; i < 45; i++) await tell(`Number ${i}`, { readAt: '2026-01-01 00:00:00Z' })
  const phone = await person(browser, server, 'en', { viewport: { width: 360, height: 740 } })
  await phone.signIn('bia', library.password)
  await phone.page.getByRole('navigation').getByRole('link', { name: phone.text('ui.nav.notices') }).click()
  await row(phone.page, 'Number 44').waitFor()
  await phone.canBeUsedByAll('notices on a phone')
  for (let shown = 0; shown < 47; ) {
    await phone.page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    shown = await library.until(async () => {
      const now = await phone.page.locator('[data-notices] li').count()
      return now > shown && now
    }, 'more notices')
  }
  const titles = await phone.page.locator('[data-notices] li .title').allInnerTexts()
  assert.equal(new Set(titles).size, 47, 'each once')
  await row(phone.page, 'Number 44').getByRole('button', { name: phone.text('ui.notice.delete') }).click()
  await row(phone.page, 'Number 44').waitFor({ state: 'detached' })
  await phone.the('button', 'ui.act.undo').click()
  await row(phone.page, 'Number 44').waitFor()
  await row(phone.page, 'Number 43').getByRole('button', { name: phone.text('ui.notice.delete') }).click()
  await library.until(async () => (await staff.collection('notifications').getList(1, 1, { filter: 'title = "Number 43"' })).totalItems === 0, 'it is deleted', 15)
  phone.hasNoComplaint('a phone')
  await phone.context.close()
})

test('a notice leads to a page of ours, to an https address in a new tab, or nowhere', async () => {
  await tell('To your page', { webAction: '/me' })
  await tell('Elsewhere', { webAction: 'https://elsewhere.example/a' })
  await bia.page.goto('/notifications')
  const outside = bia.page.getByRole('link', { name: /^Elsewhere/ })
  await outside.waitFor()
  assert.deepEqual(
    [await outside.getAttribute('href'), await outside.getAttribute('target'), await outside.getAttribute('rel')],
    ['https://elsewhere.example/a', '_blank', 'noopener noreferrer'],
  )
  assert.equal(await row(bia.page, 'Number 1').first().getByRole('link').count(), 0)
  await bia.page.getByRole('link', { name: /^To your page/ }).click()
  await bia.page.waitForURL((url) => url.pathname === '/me')
  await counts(bia.page, 1).waitFor() // to follow it was to read it
  bia.hasNoComplaint('where notices lead')
})

test('who leaves a share loses the document, unless they think better of it', async () => {
  const doc = await library.upload(staff, 'letter.png', png(200, 300, 5), { title: 'A sealed letter', visibility: 'private' })
  await staff.collection('document_shares').create({ document: doc.id, user: biaId })
  await bia.page.goto('/catalogue')
  await bia.the('radio', 'ui.filter.shared').check()
  await bia.page.getByRole('link', { name: 'A sealed letter' }).click()
  await bia.page.getByRole('heading', { name: 'A sealed letter' }).waitFor()
  await bia.page.getByText(library.pattern('en', 'ui.share.byWhom')).waitFor()
  await bia.canBeUsedByAll('a shared document')
  await bia.the('button', 'ui.share.leave').click()
  await bia.page.waitForURL((url) => url.pathname === '/catalogue')
  await bia.the('heading', 'ui.catalogue.noShares').waitFor()
  await bia.the('button', 'ui.act.undo').click()
  await bia.page.getByRole('heading', { name: 'A sealed letter' }).waitFor()
  await bia.the('button', 'ui.share.leave').click()
  await library.until(async () => (await staff.collection('document_shares').getList(1, 1)).totalItems === 0, 'the share ends', 15)
  bia.hasNoComplaint('leaving')
  await bia.page.goto(`/documents/${doc.id}`)
  await bia.the('heading', 'ui.notFound.title').waitFor()
  bia.complaints.splice(0) // Chromium notes the 404 in its console
})

test('the tabs of the catalogue are those that hold something', async () => {
  await bia.page.goto('/catalogue')
  await bia.the('heading', 'ui.nav.catalogue').waitFor()
  await bia.page.waitForLoadState('networkidle')
  assert.equal(await bia.page.getByRole('radio', { name: bia.text('ui.filter.mine') }).count(), 0)
  const own = await library.signIn(server, 'bia')
  await library.upload(own, 'notes.png', png(100, 150, 9), { title: 'My notes', visibility: 'private' })
  await library.upload(staff, 'all.png', png(100, 150, 2), { title: 'For all', visibility: 'members' })
  await bia.page.goto('/catalogue')
  await bia.page.getByRole('link', { name: 'For all' }).waitFor()
  await bia.the('radio', 'ui.filter.mine').check()
  await bia.page.getByRole('link', { name: 'My notes' }).waitFor()
  await bia.page.getByRole('link', { name: 'For all' }).waitFor({ state: 'detached' })
  assert.equal(await bia.page.getByRole('radio', { name: bia.text('ui.filter.shared') }).count(), 0)
  await bia.canBeUsedByAll('my own')
})

test('channels, quiet hours and devices are one’s own to set', async () => {
  const own = await library.signIn(server, 'bia')
  await own.collection('devices').create({ user: biaId, token: 'a-token', platform: 'android', label: 'Old phone' })
  await bia.page.goto('/me')
  await bia.field('ui.channel.mail').uncheck()
  const kept = async () => own.collection('users').getOne(biaId)
  await library.until(async () => (await kept()).channels.join() === 'push', 'no more mail')
  await bia.field('ui.quiet.title').check()
  await bia.field('ui.quiet.to').fill('06:30')
  await bia.field('ui.quiet.to').blur()
  await library.until(async () => (await kept()).quietHours?.to === '06:30', 'quiet hours')
  await bia.canBeUsedByAll('me')
  const device = row(bia.page, 'Old phone')
  await device.getByRole('button', { name: bia.text('ui.device.remove') }).click()
  await library.until(async () => (await own.collection('devices').getList(1, 1)).totalItems === 0, 'the device is gone', 15)
  bia.hasNoComplaint('me')
})

test('a document’s reminder is set in its form, and sent at once by a press, at most once an hour', async () => {
  const doc = await library.upload(staff, 'licence.png', png(100, 150, 4), { title: 'A licence', visibility: 'members' })
  const ada = await person(browser, server)
  await ada.signIn(library.admin.email, library.admin.password)
  await ada.page.goto(`/documents/${doc.id}/edit`)
  await ada.field('ui.field.expiresOn').fill('2031-03-01')
  await ada.field('ui.alert.on').check()
  await ada.field('ui.alert.days').fill('30')
  await ada.field('ui.alert.emails').fill('desk@library.test, archive@library.test')
  await ada.canBeUsedByAll('the form')
  await ada.the('button', 'ui.act.save').click()
  await ada.page.getByRole('heading', { name: 'A licence', level: 1 }).waitFor()
  const kept = await staff.collection('documents').getOne(doc.id)
  assert.deepEqual(
    [kept.expiresOn, kept.alert, kept.daysToAlert, kept.alertEmails],
    ['2031-03-01', true, 30, ['desk@library.test', 'archive@library.test']],
  )
  await ada.page.getByText('desk@library.test').waitFor()
  await ada.the('button', 'ui.alert.now').click()
  await ada.page.getByText(library.pattern('en', 'ui.alert.sent')).waitFor()
  ada.hasNoComplaint('an alert')
  await ada.the('button', 'ui.alert.now').click()
  await ada.page.getByText(library.pattern('en', 'ui.alert.later')).waitFor()
  await ada.canBeUsedByAll('an alert sent')
  await ada.context.close()

  await bia.page.goto(`/documents/${doc.id}`)
  await bia.page.getByRole('heading', { name: 'A licence', level: 1 }).waitFor()
  assert.equal(await bia.page.getByText('desk@library.test').count(), 0)
  assert.equal(await bia.the('button', 'ui.alert.now').count(), 0)
})
