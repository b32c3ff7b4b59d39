import { createSubscriber } from 'svelte/reactivity'

const system = matchMedia('(prefers-color-scheme: dark)')
const subscribe = createSubscriber((update) => {
  const root = new MutationObserver(update)
  root.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  system.addEventListener('change', update)
  return () => {
    root.disconnect()
    system.removeEventListener('change', update)
  }
})

/** Whether the app is dark now: the patron's choice, else the system's. */
export const night = {
  get now(): boolean {
    subscribe()
    const chosen = document.documentElement.dataset.theme
    return chosen ? chosen === 'dark' : system.matches
  },
}
