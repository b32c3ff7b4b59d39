// A person's browser: things are found by what they are and what they are called,
// and whatever a page does that it should not is noted.
import assert from 'node:assert/strict'
import axe from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import { pattern, text } from './library.mjs'

const AxeBuilder = axe.default ?? axe

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })

/** A person with a browser of their own, at a server, in a language. */
export async function person(browser, server, language = 'en', options = {}) {
  const context = await browser.newContext({ baseURL: server.url, locale: language, timezoneId: 'America/Sao_Paulo', reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${server.url}/`) && !/^(blob:|data:|about:)/.test(url)) complaints.push(`left the origin: ${url}`)
  })
  await context.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)),
  )
  return new Person(page, context, language, complaints)
}

class Person {
  constructor(page, context, language, complaints) {
    Object.assign(this, { page, context, language, complaints })
  }

  text(key, values) {
    return text(this.language, key, values)
  }

  /** Something of that role, called by a text of the app in this person's language. */
  the(role, key, values) {
    return this.page.getByRole(role, { name: this.text(key, values), exact: true })
  }

  /** A control with that label. */
  field(key) {
    return this.page.getByLabel(this.text(key), { exact: true })
  }

  /** A place that shows this text of the app, whatever its placeholders say. */
  shows(key) {
    return this.page.getByText(pattern(this.language, key)).first()
  }

  /** Goes by the bar or rail of the app to another page of it. */
  async goTo(key) {
    await this.page.getByRole('navigation').getByRole('link', { name: this.text(key), exact: true }).click()
    await this.page.getByRole('heading', { level: 1 }).waitFor()
  }

  async signIn(identity, password) {
    await this.page.goto('/signin')
    await this.field('ui.signin.identity').fill(identity)
    await this.field('ui.field.password').fill(password)
    await this.the('button', 'ui.signin.act').click()
    await this.page.waitForURL((url) => url.pathname !== '/signin')
  }

  /** Checks the page as it is for what shuts people out: nothing serious may be found. */
  async canBeUsedByAll(what) {
    await this.page.waitForFunction(() => document.fonts.status === 'loaded' && document.getAnimations().every((a) => a.playState !== 'running'))
    // To look at each of 600 time zones takes seconds.
    const { violations } = await new AxeBuilder({ page: this.page }).exclude('option').analyze()
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    const told = grave.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${what}: ${id}: ${html.slice(0, 200)} ${failureSummary}`))
    assert.deepEqual(told, [])
  }

  /** Checks that nothing was complained of since the last time. */
  hasNoComplaint(what) {
    assert.deepEqual(this.complaints.splice(0), [], what)
  }
}
