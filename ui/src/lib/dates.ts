import { lang } from './i18n'
import { session } from './session.svelte'

const day = 86_400_000

/** An instant out of a record: "2026-11-24 13:02:00.000Z", or ISO 8601. */
export function instant(value: string): Date {
  return new Date(value.replace(' ', 'T'))
}

/** The exact moment, in the patron's language and zone. */
export function exact(value: string): string {
  return write(instant(value), { dateStyle: 'full', timeStyle: 'short' })
}

/** A moment as people say it: "5 minutes ago", "yesterday", "12 March". */
export function spoken(value: string, now = new Date()): string {
  const then = instant(value)
  const minutes = Math.round((then.getTime() - now.getTime()) / 60_000)
  const relative = new Intl.RelativeTimeFormat(lang(), { numeric: 'auto' })
  if (Math.abs(minutes) < 60) return relative.format(minutes || 0, 'minute')
  const days = Math.round((midnight(then) - midnight(now)) / day)
  if (days === 0) return relative.format(Math.round(minutes / 60), 'hour')
  if (Math.abs(days) < 7) return relative.format(days, 'day')
  const sameYear = write(then, { year: 'numeric' }) === write(now, { year: 'numeric' })
  return write(then, { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) })
}

/** A calendar day, YYYY-MM-DD or a part of it (YYYY, YYYY-MM), in words; as it is where it is no date. */
export function calendar(value: string): string {
  const found = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/.exec(value)
  if (!found) return value
  const [, year, month, date] = found
  const at = new Date(Date.UTC(Number(year), Number(month ?? 1) - 1, Number(date ?? 1)))
  return new Intl.DateTimeFormat(lang(), {
    timeZone: 'UTC',
    year: 'numeric',
    ...(month ? { month: 'long' } : {}),
    ...(date ? { day: 'numeric' } : {}),
  }).format(at)
}

/** The time of day in a zone: "14:05". */
export function clock(timezone: string, at = new Date()): string {
  return new Intl.DateTimeFormat(lang(), { timeZone: timezone, weekday: 'long', hour: 'numeric', minute: '2-digit' }).format(at)
}

/** The time of day in the patron's zone: "14:05". */
export function moment(at: Date): string {
  return write(at, { timeStyle: 'short' })
}

function write(at: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(lang(), { ...options, timeZone: session.timezone }).format(at)
}

/** The start of a moment's day in the patron's zone, as if it were UTC's, to count days between. */
function midnight(at: Date): number {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: session.timezone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return Date.parse(parts.format(at))
}
