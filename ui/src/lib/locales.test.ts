import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import english from '../../../locales/en.json'

const root = join(import.meta.dirname, '..')
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .join('\n')

test('every text that the app asks for is there', () => {
  const keys = Object.keys(english)
  const asked = [...sources.matchAll(/['"](ui\.[\w.]+)['"]/g)].map(([, key]) => key!)
  expect(asked.length).toBeGreaterThan(200)
  expect(asked.filter((key) => !keys.includes(key))).toEqual([])
  const begun = [...sources.matchAll(/`(ui\.[\w.]+)\$\{/g)].map(([, start]) => start!)
  expect(begun.filter((start) => !keys.some((key) => key.startsWith(start)))).toEqual([])
})
