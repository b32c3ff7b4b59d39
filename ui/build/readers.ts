import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Plugin } from 'vite'

const require = createRequire(import.meta.url)
const pdfjs = dirname(require.resolve('pdfjs-dist/package.json'))
const { version } = require('pdfjs-dist/package.json') as { version: string }
const base = `assets/pdfjs-${version}/`

/** What pdf.js asks for by name: character maps, the standard fonts, colour profiles and image decoders, with their licences. */
const shipped: Record<string, RegExp> = {
  cmaps: /\.bcmap$|^LICENSE/,
  standard_fonts: /\.(pfb|ttf)$|^LICENSE/,
  iccs: /\.icc$|^LICENSE/,
  wasm: /^(jbig2|openjpeg|qcms_bg)\.wasm$|^LICENSE_(?!.*QUICKJS)/,
}

/**
 * Two things that the readers need of the build. The files that pdf.js loads by name
 * are served beside our own. And foliate-js is bent to our rules: the frames in which
 * it shows a book may run no script (it allows them, for one engine's sake), and of its
 * file formats only EPUB comes along. A release of it without the expected text stops the build.
 */
export function readers(): Plugin {
  return {
    name: 'onlibrary-readers',
    enforce: 'pre',
    config: () => ({
      define: { __PDFJS_FILES__: JSON.stringify('/' + base) },
      optimizeDeps: { exclude: ['foliate-js'] },
    }),
    resolveId(source, importer) {
      if (!importer?.includes('/foliate-js/')) return
      if (/^\.\/(comic-book|fb2|mobi|tts|vendor\/\w+)\.js$|^construct-style-sheets/.test(source)) return '\0foliate-unused'
      return
    },
    load(id) {
      return id === '\0foliate-unused' ? 'export {}' : undefined
    },
    transform(code, id) {
      if (!/\/foliate-js\/(paginator|fixed-layout)\.js/.test(id)) return
      const loose = "setAttribute('sandbox', 'allow-same-origin allow-scripts')"
      if (code.split(loose).length !== 2) this.error('foliate-js sets its sandbox in another way now: look before you update')
      return { code: code.replace(loose, "setAttribute('sandbox', 'allow-same-origin')"), map: null }
    },
    generateBundle() {
      for (const [folder, wanted] of Object.entries(shipped))
        for (const name of readdirSync(join(pdfjs, folder)).filter((name) => wanted.test(name)))
          this.emitFile({
            type: 'asset',
            fileName: `${base}${folder}/${name}`,
            source: readFileSync(join(pdfjs, folder, name)),
          })
    },
    configureServer(server) {
      server.middlewares.use('/' + base, (request, response, next) => {
        const [folder, name] = (request.url ?? '').slice(1).split('?')[0]?.split('/') ?? []
        if (!folder || !name || !shipped[folder]?.test(name)) return next()
        response.setHeader('Content-Type', name.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream')
        response.end(readFileSync(join(pdfjs, folder, name)))
      })
    },
  }
}
