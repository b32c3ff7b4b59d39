import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { locales } from '../../build/locales.ts'
import { readers } from '../../build/readers.ts'

// Builds the harness as the app is built.
export default defineConfig({
  root: new URL('harness', import.meta.url).pathname,
  configFile: false,
  publicDir: false,
  plugins: [svelte({ configFile: new URL('../../svelte.config.js', import.meta.url).pathname }), locales(), readers()],
  build: {
    outDir: new URL('../../node_modules/.cache/readers-harness', import.meta.url).pathname,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  json: { namedExports: false, stringify: true },
})
