import type { Plugin } from 'vite'

/** Asks for the font of the titles together with the page, so that none of them is set twice. */
export function preload(font: RegExp): Plugin {
  return {
    name: 'onlibrary-preload',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle, path }) {
        if (path !== '/index.html') return [] // the page of the API has no titles
        const files = Object.keys(bundle ?? {}).filter((name) => font.test(name))
        return files.map((name) => ({
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${name}`, crossorigin: true },
          injectTo: 'head' as const,
        }))
      },
    },
  }
}
