import { lang } from './i18n'

/** A number of bytes as people read it: "3.4 MB". */
export function bytes(count: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3))
  return unit(count / 1000 ** power, units[power]!, { maximumFractionDigits: power > 1 ? 1 : 0 })
}

/** A length of time in seconds, in its two greatest parts: "1 hr 32 min". */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const parts = h ? [unit(h, 'hour'), m && unit(m, 'minute')] : [m && unit(m, 'minute'), (s || !m) && m < 10 && unit(s, 'second')]
  return parts.filter(Boolean).join(' ')
}

/** Several names in one line: "Ann, Bob and Chris". */
export function list(names: readonly string[]): string {
  return new Intl.ListFormat(lang(), { type: 'conjunction' }).format(names)
}

function unit(value: number, name: string, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(lang(), { style: 'unit', unit: name, unitDisplay: 'short', ...options }).format(value)
}
