export type Theme = 'system' | 'light' | 'dark'

const key = 'onlibrary.theme'

let chosen = $state<Theme>(read())

/** The patron's choice of light on this device. Reactive. */
export function theme(): Theme {
  return chosen
}

/** Chooses the light and remembers it on this device. */
export function chooseTheme(wanted: Theme): void {
  chosen = wanted
  if (wanted === 'system') {
    delete document.documentElement.dataset.theme
    localStorage.removeItem(key)
  } else {
    document.documentElement.dataset.theme = wanted
    localStorage.setItem(key, wanted)
  }
}

function read(): Theme {
  const kept = document.documentElement.dataset.theme // set by public/theme.js
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}
