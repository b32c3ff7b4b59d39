import type { Plugin } from 'vite'

const shown = /^(ui|state|permission|role|fault)\./

/**
 * Keeps in each language's chunk only the texts that the app shows: the server's
 * own (its mails, its API messages) arrive already written in the reader's language.
 */
export function locales(): Plugin {
  return {
    name: 'onlibrary-locales',
    enforce: 'pre',
    transform: {
      filter: { id: /\/locales\/[\w-]+\.json$/ },
      handler(code) {
        const texts = Object.entries(JSON.parse(code)).filter(([key]) => shown.test(key))
        return { code: JSON.stringify(Object.fromEntries(texts)), map: null }
      },
    },
  }
}
