import { expect, test } from 'vitest'
import { filterOf, isbnPart, searchWords, viewOf } from './catalogue'

const view = (query: string) => viewOf(new URLSearchParams(query))

test('viewOf takes only what it knows', () => {
  expect(view('q=%20moby%20&kind=book&sort=title&whose=mine&category=abcdefghijklmno')).toEqual({
    q: 'moby',
    kind: 'book',
    sort: 'title',
    whose: 'mine',
    category: 'abcdefghijklmno',
  })
  expect(view('kind=constructor&sort=toString&whose=all&category=%22')).toEqual({ q: '', kind: '', sort: 'newest', whose: '', category: '' })
})

test('searchWords keeps an ISBN whole', () => {
  expect(searchWords('moby  dick')).toEqual(['moby', 'dick'])
  expect(searchWords('978-0-14-303943-3')).toEqual(['9780143039433'])
  expect(searchWords('978 0 14 303943 3 whale')).toEqual(['9780143039433', 'whale'])
  expect(searchWords('1914 1918 1939')).toEqual(['1914', '1918', '1939'])
  expect(searchWords('a b c d e f g h i').length).toBe(8)
})

test('isbnPart finds a ten-digit ISBN in its thirteen', () => {
  expect(isbnPart('0143039431')).toBe('014303943')
  expect(isbnPart('080442957X')).toBe('080442957')
  expect(isbnPart('9780143039433')).toBe('9780143039433')
  expect(isbnPart('whale')).toBe('whale')
})

test('filterOf quotes what people type', () => {
  expect(filterOf(view('q=a%22%20b'), 'me')).toBe(
    '(title ~ "a\\"" || authors ~ "a\\"" || code ~ "a\\"" || isbn ~ "a\\"") && (title ~ "b" || authors ~ "b" || code ~ "b" || isbn ~ "b")',
  )
  expect(filterOf(view('kind=audio&whose=mine'), 'me')).toBe('kind = "audio" && owner = "me"')
  expect(filterOf(view(''), 'me')).toBe('')
})
