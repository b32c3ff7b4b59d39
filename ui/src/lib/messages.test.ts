import { expect, test } from 'vitest'
import { direction, format, match } from './messages'

const ours = ['ar', 'en', 'es', 'fr', 'pt-BR']

test.each([
  [['pt'], 'pt-BR'],
  [['pt-PT', 'fr'], 'pt-BR'],
  [['PT-br'], 'pt-BR'],
  [['de', 'es-MX'], 'es'],
  [['ar-EG'], 'ar'],
  [['de', 'ja'], undefined],
  [[], undefined],
])('match(%j) is %s', (wishes, found) => {
  expect(match(wishes, ours)).toBe(found)
})

test('direction follows the script', () => {
  expect(direction('ar')).toBe('rtl')
  expect(direction('ar-EG')).toBe('rtl')
  expect(direction('pt-BR')).toBe('ltr')
  expect(direction('arn')).toBe('ltr')
})

test('format fills places and writes numbers as the language does', () => {
  expect(format('{{.Name}} has {{ .Sum }}', { Name: 'Ann', Sum: 12345 }, 'en')).toBe('Ann has 12,345')
  expect(format('{{.Sum}}', { Sum: 12345.5 }, 'es')).toBe('12.345,5')
  expect(format('{{.Missing}}', {}, 'en')).toBe('{{.Missing}}')
  expect(format('{{.Name}}', { Name: '{{.Other}}', Other: 'x' }, 'en')).toBe('{{.Other}}')
})

test('format chooses the plural form by Count', () => {
  const pages = { zero: 'none', one: 'one', two: 'two', few: '{{.Count}} few', many: '{{.Count}} many', other: '{{.Count}} other' }
  expect([0, 1, 2, 3, 11, 100].map((Count) => format(pages, { Count }, 'ar').replace(/\S* /, ''))).toEqual([
    'none',
    'one',
    'two',
    'few',
    'many',
    'other',
  ])
  expect(format({ one: 'one', other: 'other' }, { Count: 0 }, 'fr')).toBe('one')
  expect(format({ other: 'other' }, { Count: 1 }, 'en')).toBe('other')
})
