import { expect, test } from 'vitest'
import { fit, safeBack } from './paths'

test('fit finds the parts of a path', () => {
  expect(fit('/documents/:id', '/documents/abc')).toEqual({ id: 'abc' })
  expect(fit('/documents/:id', '/documents/abc/')).toEqual({ id: 'abc' })
  expect(fit('/documents/:id/edit', '/documents/a%20b/edit')).toEqual({ id: 'a b' })
  expect(fit('/', '/')).toEqual({})
})

test.each(['/documents', '/documents/', '/documents/a/b', '/other/abc', '/documents/%E0%A4%A'])('fit refuses %s', (path) => {
  expect(fit('/documents/:id', path)).toBeUndefined()
})

test.each(['/', '/catalogue?q=a&sort=title', '/read/abc#page=3', '/a//b'])('safeBack keeps %s', (path) => {
  expect(safeBack(path)).toBe(path)
})

test.each([
  null,
  '',
  'catalogue',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example/',
  'https:evil.example',
  'javascript:alert(1)',
  '/\t/evil.example',
  '/\n/evil.example',
  ' //evil.example',
  '/a\\..\\b',
  '/.//evil.example',
  '/..//evil.example',
])('safeBack refuses %j', (value) => {
  expect(safeBack(value)).toBe('/')
})
