import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { locales } from './build/locales.ts'
import { preload } from './build/preload.ts'
import { readers } from './build/readers.ts'

const server = process.env.ONLIBRARY_DEV_SERVER ?? 'http://127.0.0.1:8090'

export default defineConfig({
  plugins: [svelte(), locales(), readers(), preload(/literata-latin-opsz-normal/)],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the Content-Security-Policy wants every asset from our own origin
    chunkSizeWarningLimit: 2000, // pdf.js and Swagger UI come in one piece each, and only where they are used
    rollupOptions: { input: ['index.html', 'docs.html'] }, // docs.html is the page of the API
  },
  server: {
    fs: { allow: ['..'] },
    proxy: { '/api': server, '/_/': server },
  },
  json: { namedExports: false, stringify: true },
  test: { include: ['src/**/*.test.ts'] },
})
