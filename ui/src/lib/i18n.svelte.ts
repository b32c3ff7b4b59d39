import { direction, format, match, type Params, type Texts } from './messages'

const files = import.meta.glob<Texts>('../../../locales/*.json', { import: 'default' })
const loaders = new Map(
  Object.entries(files).map(([path, load]) => [path.replace(/^.*\/|\.json$/g, ''), load]),
)
const chosenKey = 'onlibrary.language'

let current = $state('en')
let texts = $state.raw<Texts>({})
let asked = 0

/** The languages of the app, as BCP 47 tags. */
export const languages: readonly string[] = [...loaders.keys()]

/** The app's language now. Reactive in a component. */
export function lang(): string {
  return current
}

/**
 * A text in the app's language, reactive in a component. Count chooses the plural
 * form; the other parameters fill its {{.Name}} places. A missing key shows itself.
 */
export function t(key: string, params: Params = {}): string {
  const text = texts[key]
  return text === undefined ? key : format(text, params, current)
}

/** Whether a text exists, for keys built from what the server sends. */
export function has(key: string): boolean {
  return key in texts
}

/** Loads a language and makes it the app's and the page's. Of several calls, the last one counts. */
export async function useLanguage(wanted: string): Promise<void> {
  const found = match([wanted, 'en'], languages)
  const load = found && loaders.get(found)
  if (!found || !load) return
  const mine = ++asked
  const loaded = await load()
  if (mine !== asked) return
  texts = loaded
  current = found
  document.documentElement.lang = found
  document.documentElement.dir = direction(found)
}

/** Makes a language the app's and remembers it on this device. */
export async function chooseLanguage(wanted: string): Promise<void> {
  localStorage.setItem(chosenKey, wanted)
  await useLanguage(wanted)
}

/** The language to start in: the one chosen on this device, else the browser's, else the library's. */
export function firstLanguage(library = 'en'): string {
  const chosen = localStorage.getItem(chosenKey)
  return match([...(chosen ? [chosen] : []), ...navigator.languages, library], languages) ?? 'en'
}

/** A language's name in its own words. */
export function languageName(tag: string): string {
  const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1)
}
