// A real mail server beside the library, and what arrives there.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { superuser, until } from './library.mjs'
import { project } from './server.mjs'

const program = path.join(project, '.cache', 'tools', 'mailpit')

/** Why there can be no mail server here; undefined where there can. */
export const missing = () => {
  if (fs.existsSync(program)) return undefined
  if (process.env.CI === 'true') throw new Error('Mailpit is missing: make need-tools')
  return 'Mailpit is missing: make need-tools'
}

/** Starts a mail server and makes it the library's. */
export async function mailbox(server) {
  const [smtp, http] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${http}`
  const child = spawn(program, ['--smtp', `127.0.0.1:${smtp}`, '--listen', `127.0.0.1:${http}`, '--smtp-disable-rdns', '--disable-version-check', '--quiet'], { stdio: 'ignore' })
  process.on('exit', () => child.kill('SIGKILL'))
  const ask = async (where) => (await fetch(url + where)).json()
  await until(() => fetch(`${url}/readyz`).then((answer) => answer.ok, () => false), 'the mail server answers', 15)
  const pb = await superuser(server)
  await pb.settings.update({
    meta: { ...(await pb.settings.getAll()).meta, appURL: server.url, senderName: 'The Reading Room', senderAddress: 'library@library.test' },
    smtp: { enabled: true, host: '127.0.0.1', port: smtp, authMethod: 'PLAIN', tls: false, username: '', password: '', localName: '' },
    rateLimits: { enabled: false },
  })
  const to = async (address) => (await ask(`/api/v1/search?query=${encodeURIComponent(`to:"${address}"`)}`)).messages
  return {
    /** The text of the next mail to an address, once there are more than were seen before. */
    async next(address, seen = 0) {
      const [latest] = await until(async () => {
        const found = await to(address)
        return found.length > seen && found
      }, `a mail to ${address}`, 20)
      return (await ask(`/api/v1/message/${latest.ID}`)).Text
    },
    count: async (address) => (await to(address)).length,
    async close() {
      const ended = once(child, 'exit')
      child.kill()
      await Promise.race([ended, sleep(2000)])
    },
  }
}

/** The path of the link in a mail that leads to a page of the app. */
export function linkTo(page, text) {
  const found = text.match(new RegExp(`https?://[^\\s"<>]+(${page}\\?token=[\\w.-]+)`))
  if (!found) throw new Error(`no link to ${page} in: ${text}`)
  return found[1]
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}
