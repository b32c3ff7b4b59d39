// What Swagger UI leaves out for who does not see the page or has no mouse: names for
// the fields, examples that can be scrolled by keys, no link within a button.
const called = (control) =>
  control.closest('tr[data-property-name]')?.dataset.propertyName ??
  control.closest('tr[data-param-name]')?.dataset.paramName ??
  (control.placeholder || 'Value')

const named = '[aria-label], [aria-labelledby], [type="hidden"]'

function mend(within) {
  for (const control of within.querySelectorAll(`:is(input, select, textarea):not(${named})`)) {
    if (!control.labels?.length) control.setAttribute('aria-label', called(control))
  }
  for (const example of within.querySelectorAll('pre.microlight:not([tabindex])')) example.tabIndex = 0
  for (const link of within.querySelectorAll('.opblock-summary-control a[href]')) link.removeAttribute('href')
}

/** Mends what is in an element, and what comes into it. */
export function name(element) {
  mend(element)
  new MutationObserver(() => mend(element)).observe(element, { childList: true, subtree: true })
}
