const named = /(?:url|src|image|image-set|cross-fade|element|paint)\(/i.source
const own = /\s*["']?(?:blob:|data:image\/|data:font\/|data:application\/(?:x-)?font|#|url\(|(?:repeating-)?(?:linear|radial|conic)-gradient)/i.source
const outside = new RegExp(`${named}(?!${own})`, 'i')

/**
 * A book's style sheet with nothing in it that could reach out: it is parsed by the
 * browser (without a load), walked rule by rule, and written anew. Of its imports only
 * those stay that were already turned into the book's own blobs.
 */
export function cleanCss(text: string): string {
  const imports = [...text.matchAll(/@import\s+(?:url\(\s*)?["']?(blob:[^"')\s;]+)["']?\s*\)?\s*([\w\s(),:.-]*);/gi)]
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(unprefix(text.replace(/@import[^;]*;/gi, '')))
  return [...imports.map(([, url, media]) => `@import url("${url}") ${media?.trim() ?? ''};`), ...cleanRules(sheet.cssRules)].join('\n')
}

/** The declarations of a style attribute, cleaned likewise. */
export function cleanDeclarations(text: string): string {
  const { style } = document.createElement('i')
  style.cssText = unprefix(text)
  cleanStyle(style)
  return outside.test(style.cssText) ? '' : style.cssText
}

/** Whether a presentation attribute (fill, mask, filter, …) names nothing but parts of its own document. */
export function isOwnReference(value: string): boolean {
  return !value.includes('\\') && !/(?:url|src|image|image-set)\s*\((?!\s*["']?#)/i.test(value)
}

// EPUB 2's own prefix: what it stands for has long been plain CSS.
function unprefix(text: string): string {
  return text.replace(/(?<=[{\s;]|^)-epub-/gi, '')
}

function cleanRules(rules: CSSRuleList): string[] {
  return [...rules].flatMap((rule) => {
    if (rule instanceof CSSNamespaceRule) return [rule.cssText]
    if (rule instanceof CSSKeyframesRule) {
      for (const frame of rule) if (frame instanceof CSSKeyframeRule) cleanStyle(frame.style)
      return keep(rule)
    }
    if (rule instanceof CSSStyleRule || rule instanceof CSSFontFaceRule) {
      cleanStyle(rule.style)
      if (rule instanceof CSSStyleRule) dropNested(rule)
      return keep(rule)
    }
    if (rule instanceof CSSMediaRule) return group(`@media ${rule.media.mediaText}`, rule)
    if (rule instanceof CSSSupportsRule) return group(`@supports ${rule.conditionText}`, rule)
    return [] // imports, layers, page boxes, properties and all that is new: a book reads without them
  })
}

function group(head: string, rule: CSSGroupingRule): string[] {
  return outside.test(head) ? [] : [`${head} {\n${cleanRules(rule.cssRules).join('\n')}\n}`]
}

function dropNested(rule: CSSStyleRule): void {
  while (rule.cssRules.length) rule.deleteRule(0)
}

function keep(rule: CSSRule): string[] {
  return outside.test(rule.cssText) ? [] : [rule.cssText]
}

// Custom properties keep their text as it was written, escapes and all, and a declaration
// that uses one has no value of its own yet: neither can be judged here, so neither stays.
function cleanStyle(style: CSSStyleDeclaration): void {
  for (const name of [...style]) {
    const value = style.getPropertyValue(name)
    if (name.startsWith('--') || !value || value.includes('var(') || outside.test(value)) style.removeProperty(name)
  }
}
