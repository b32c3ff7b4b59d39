/** A text of locales/<lang>.json: a string, or one string a CLDR plural category. */
export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>
export type Texts = Record<string, Text>
export type Params = Record<string, string | number>

/**
 * Finds the best of our languages for a wish list of BCP 47 tags: the same tag
 * first, then the same primary language ("pt" and "pt-PT" find "pt-BR").
 */
export function match(wishes: readonly string[], have: readonly string[]): string | undefined {
  for (const wish of wishes) {
    const tag = wish.toLowerCase()
    const primary = tag.split('-')[0]
    const found =
      have.find((lang) => lang.toLowerCase() === tag) ??
      have.find((lang) => lang.toLowerCase() === primary) ??
      have.find((lang) => lang.toLowerCase().split('-')[0] === primary)
    if (found) return found
  }
  return undefined
}

/** The direction in which a language is written. */
export function direction(lang: string): 'ltr' | 'rtl' {
  return /^(ar|fa|he|ur|ps|sd|ug|yi|dv)\b/i.test(lang) ? 'rtl' : 'ltr'
}

/** Writes a text out: the plural form by Count, then its {{.Name}} places filled. */
export function format(text: Text, params: Params, lang: string): string {
  const form = typeof text === 'string' ? text : plural(text, params.Count, lang)
  return form.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (place, name: string) => {
    const value = params[name]
    if (value === undefined) return place
    return typeof value === 'number' ? new Intl.NumberFormat(lang).format(value) : value
  })
}

function plural(text: Exclude<Text, string>, count: string | number | undefined, lang: string): string {
  const category = new Intl.PluralRules(lang).select(Number(count ?? 0))
  return text[category] ?? text.other ?? ''
}

/** Words of somebody's own, to be set into a text of ours: their direction stays their own. */
export function isolate(words: string): string {
  return `\u2068${words}\u2069`
}
