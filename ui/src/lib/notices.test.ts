import { expect, test } from 'vitest'
import { leadsTo } from './notices.svelte'

const here = 'https://books.example'
const to = (webAction: string, document = '') => leadsTo({ webAction, document }, here)

test('leadsTo takes paths of ours and https addresses', () => {
  expect(to('/me?x=1#y')).toEqual({ href: '/me?x=1#y', outside: false })
  expect(to('https://books.example/me')).toEqual({ href: '/me', outside: false })
  expect(to('https://elsewhere.example/a')).toEqual({ href: 'https://elsewhere.example/a', outside: true })
  expect(to('', 'abc')).toEqual({ href: '/documents/abc', outside: false })
  expect(to('')).toBeUndefined()
})

test('leadsTo takes nothing else, whatever a sender wrote', () => {
  for (const hostile of ['javascript:alert(1)', '//elsewhere.example', '/\\elsewhere.example', 'http://elsewhere.example', 'data:text/html,x', ' /me', 'https://', '/a\tb'])
    expect(to(hostile), hostile).toBeUndefined()
})
