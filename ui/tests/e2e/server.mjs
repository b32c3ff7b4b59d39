// The built binary as a person runs it: on a free port, with a fresh data
// folder. Whatever is started here ends, and is removed, with the test process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
export const root = fs.mkdtempSync(path.join(os.tmpdir(), 'onlibrary-e2e-'))

// A copy of its own tells this test's processes from any other's, and holds
// still while somebody builds.
const binary = path.join(root, 'onlibrary')
fs.copyFileSync(process.env.ONLIBRARY_BINARY ?? path.join(project, 'onlibrary'), binary, fs.constants.COPYFILE_FICLONE)

// PDFium is compiled once for all servers here: it takes 5 s.
const cache = path.join(root, 'cache')

const running = new Set()
process.on('exit', () => {
  for (const { pid } of ours()) kill(pid)
  fs.rmSync(root, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** A new, running server. Settings go into env, without their prefix. */
export async function serve(env = {}) {
  const server = new Server(env)
  await server.start()
  return server
}

class Server {
  constructor(env) {
    this.dir = fs.mkdtempSync(path.join(root, 'data-'))
    fs.mkdirSync(cache, { recursive: true })
    fs.symlinkSync(cache, path.join(this.dir, 'cache'))
    this.env = Object.fromEntries(Object.entries(env).map(([name, value]) => [name === 'PATH' ? name : `ONLIBRARY_${name}`, value]))
    this.banner = ''
  }

  get pid() {
    return this.process.pid
  }

  get alive() {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  /** The path, with its token, of the page that sets the library up. */
  get setupPath() {
    return this.banner.match(/\/setup\?token=\S+/)?.[0] ?? ''
  }

  environment() {
    return { PATH: process.env.PATH, HOME: root, ONLIBRARY_DATA_DIR: this.dir, ...this.env }
  }

  async start() {
    this.port ??= await freePort()
    this.url = `http://127.0.0.1:${this.port}`
    this.banner = ''
    this.log = ''
    this.seconds = undefined // until the first answer
    const args = ['serve', '--http', `127.0.0.1:${this.port}`]
    this.process = spawn(binary, args, { cwd: root, env: this.environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(this)
    this.process.stdout.on('data', (text) => (this.banner += text))
    this.process.stderr.on('data', (text) => (this.log = (this.log + text).slice(-20_000)))
    const began = performance.now()
    const told = () => this.setupPath || (this.known && this.banner.includes('Dashboard')) // the last that it prints
    for (let answered = false; !answered || !told(); await sleep(10)) {
      if (!this.alive) throw new Error(`the server ended at its start: ${this.log}`)
      if (performance.now() - began > 30_000) throw new Error(`the server does not come up: ${this.banner}${this.log}`)
      answered ||= await fetch(`${this.url}/api/health`).then((answer) => answer.ok, () => false)
      if (answered) this.seconds ??= (performance.now() - began) / 1000
    }
    this.known = true
  }

  async end(signal) {
    if (this.alive) {
      const ended = once(this.process, 'exit')
      this.process.kill(signal)
      await ended
    }
    running.delete(this)
  }

  stop() {
    return this.end('SIGTERM')
  }

  kill() {
    return this.end('SIGKILL')
  }

  /** Stops the server, checks that its processes have ended with it, and removes its folder. */
  async close() {
    const pids = new Set(this.family().map((p) => p.pid))
    await this.stop()
    const left = await gone(5000, (p) => pids.has(p.pid))
    fs.rmSync(this.dir, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`left running: ${left.map((p) => p.command).join('; ')}`)
  }

  /** Runs a command of the binary beside the server. */
  async run(args, input = '') {
    const child = spawn(binary, args, { cwd: root, env: this.environment(), stdio: 'pipe' })
    const out = { stdout: '', stderr: '' }
    child.stdout.on('data', (text) => (out.stdout += text))
    child.stderr.on('data', (text) => (out.stderr += text))
    child.stdin.on('error', () => undefined) // it need not read what it is told
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    return { code, ...out }
  }

  /** The server's processes: itself and all that descend from it. */
  family() {
    const all = processes()
    const family = new Set([this.pid])
    for (let grown = 0; grown !== family.size; ) {
      grown = family.size
      for (const p of all) if (family.has(p.parent)) family.add(p.pid)
    }
    return all.filter((p) => family.has(p.pid))
  }

  /** Samples the memory of server and children until asked for the peak, in MB. */
  watchMemory() {
    let peak = 0
    const timer = setInterval(() => {
      peak = Math.max(peak, this.family().reduce((sum, p) => sum + resident(p.pid), 0))
    }, 100)
    return () => {
      clearInterval(timer)
      return Math.round(peak / 1e6)
    }
  }

  /** Paths of all stored files of documents, `<record>/<name>`, without the notes on them. */
  storedFiles(collection) {
    const folder = path.join(this.dir, 'storage', collection)
    if (!fs.existsSync(folder)) return []
    return fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
      .sort()
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

function processes() {
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const stat = read(`/proc/${name}/stat`)
    if (!stat) return []
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [{ pid: Number(name), state, parent: Number(parent) }]
  })
}

/** Processes that were started by this test, whoever their parent is now. */
function ours() {
  const parents = new Set([...running].map((server) => server.pid))
  return processes().flatMap((p) => {
    if (p.pid === process.pid) return []
    const command = read(`/proc/${p.pid}/cmdline`).replaceAll('\0', ' ')
    let exe = ''
    try {
      exe = fs.readlinkSync(`/proc/${p.pid}/exe`)
    } catch {
      // a zombie, or ended meanwhile
    }
    const here = exe.startsWith(root) || (command.includes(root) && !command.includes('chromium'))
    return here || parents.has(p.parent) ? [{ ...p, command: `${exe} ${command} [${p.state}]` }] : []
  })
}

/** Waits until only running servers are left of the processes started here, or of those that are meant; returns the others. */
export async function gone(milliseconds = 5000, meant = () => true) {
  const until = performance.now() + milliseconds
  for (;;) {
    const servers = new Set([...running].map((server) => server.pid))
    const left = ours().filter((p) => !servers.has(p.pid) && meant(p))
    if (left.length === 0 || performance.now() > until) return left
    await sleep(50)
  }
}

function resident(pid) {
  return Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * 4096
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return '' // the process has ended
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}
