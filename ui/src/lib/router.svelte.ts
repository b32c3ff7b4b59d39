import { flushSync, tick, type Component } from 'svelte'
import { fit } from './paths'

type Loader = () => Promise<{ default: Component<any> }>

export interface Route {
  path: string
  load: Loader
  /** Who may open it: anyone unless told, whoever is signed in, or a holder of one of these permissions. */
  needs?: 'signedIn' | readonly string[]
  /** Without the app's frame: readers, sign-in. */
  bare?: boolean
}

export interface Shown {
  route: Route | undefined
  component: Component<any>
  params: Record<string, string>
  /** Changes with the path, not with the query: a page of the same key stays. */
  key: string
}

interface EntryState {
  scroll?: number
}

let url = $state.raw(new URL(window.location.href))
let shown = $state.raw<Shown | undefined>()
let busy = $state(false)
let morph = $state('')
let resolve: (path: string) => Promise<Shown | string> = () => Promise.reject(new Error('router not started'))
let turn = 0
const still = window.matchMedia('(prefers-reduced-motion: reduce)')

/** Where the patron is. Everything in it is reactive. */
export const router = {
  get path() {
    return url.pathname
  },
  get query() {
    return url.searchParams
  },
  get shown() {
    return shown
  },
  get busy() {
    return busy
  },
  /** The document whose cover flies from the page left to the page entered. */
  get morph() {
    return morph
  },
}

/** Goes to a path of ours, in a new entry of the history or in the place of this one. */
export async function go(to: string, options: { replace?: boolean } = {}): Promise<void> {
  const next = new URL(to, url)
  const samePage = next.pathname === url.pathname && next.hash === url.hash
  if (options.replace) history.replaceState({}, '', next)
  else {
    keepScroll()
    history.pushState({}, '', next)
  }
  await arrive(next, samePage ? undefined : 0)
}

/** Changes the query in place: no new history entry, no scrolling. Empty values leave it. */
export function setQuery(changes: Record<string, string>): void {
  const next = new URL(url)
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.searchParams.set(name, value)
    else next.searchParams.delete(name)
  }
  history.replaceState(history.state, '', next)
  url = next
}

/** Goes back where the patron came from within the app, else to the fallback. */
export function back(fallback: string): void {
  if (window.history.length > 1 && turn > 1) history.back()
  else void go(fallback, { replace: true })
}

/**
 * Starts to follow addresses. resolve answers what to show at a path, or another
 * path to go to instead.
 */
export async function start(resolver: (path: string) => Promise<Shown | string>): Promise<void> {
  resolve = resolver
  history.scrollRestoration = 'manual'
  window.addEventListener('popstate', () => {
    void arrive(new URL(window.location.href), (history.state as EntryState | null)?.scroll ?? 0)
  })
  window.addEventListener('scroll', scrolled, { passive: true })
  document.addEventListener('click', follow)
  await arrive(url, (history.state as EntryState | null)?.scroll ?? 0)
}

/** Resolves the present address anew: after signing in or out. */
export async function again(): Promise<void> {
  await arrive(url, undefined)
}

/** Finds the route of a path. */
export function find(routes: readonly Route[], path: string): { route: Route; params: Record<string, string> } | undefined {
  for (const route of routes) {
    const params = fit(route.path, path)
    if (params) return { route, params }
  }
  return undefined
}

async function arrive(next: URL, scroll: number | undefined): Promise<void> {
  const mine = ++turn
  url = next
  busy = true
  const first = !shown
  try {
    const found = await resolve(next.pathname)
    if (mine !== turn) return
    if (typeof found === 'string') return await go(found, { replace: true })
    if (found.key === shown?.key && found.component === shown.component) return
    await swap(found, scroll)
    if (!first) focusHeading()
  } finally {
    if (mine === turn) busy = false
  }
}

async function swap(found: Shown, scroll: number | undefined): Promise<void> {
  const id = found.params.id ?? shown?.params.id ?? ''
  const change = async () => {
    shown = found
    flushSync()
    await tick()
    if (scroll !== undefined) scrollTo(0, scroll)
  }
  if (!shown || !document.startViewTransition || document.hidden || still.matches) return change()
  morph = id
  flushSync()
  const transition = document.startViewTransition(change)
  transition.ready.catch(() => undefined) // skipped: the page is there all the same
  await transition.updateCallbackDone
  void transition.finished.finally(() => (morph = ''))
}

function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('main h1')
  if (!heading || heading.contains(document.activeElement)) return
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

let resting: ReturnType<typeof setTimeout> | undefined

function scrolled(): void {
  clearTimeout(resting)
  resting = setTimeout(keepScroll, 200)
}

function keepScroll(): void {
  clearTimeout(resting)
  history.replaceState({ ...(history.state as EntryState | null), scroll: window.scrollY }, '')
}

function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = (event.target as Element | null)?.closest?.('a')
  if (!link || link.target || link.hasAttribute('download') || link.origin !== window.location.origin) return
  if (!link.hasAttribute('href') || /^\/(api|_)\//.test(link.pathname)) return
  event.preventDefault()
  void go(link.href)
}
