import { t } from './i18n'
import { fieldErrors, isOffline, reason } from './pb'

/** One form's tries to save: whether one is going on, and what the server said to the last. */
export class Attempt {
  busy = $state(false)
  /** The server's words for each of the form's fields. */
  errors = $state.raw<Record<string, string>>({})
  /** Its words on all else. */
  problem = $state('')
  #fields: readonly string[]

  /** fields are those that the form shows an error beside. */
  constructor(...fields: string[]) {
    this.#fields = fields
  }

  /** Does it, unless it is being done already, and tells whether it went well. */
  async run(act: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.errors = {}
    this.problem = ''
    try {
      await act()
      return true
    } catch (error) {
      const said = Object.entries(fieldErrors(error))
      this.errors = Object.fromEntries(said.filter(([field]) => this.#fields.includes(field)))
      const others = said.filter(([field]) => !this.#fields.includes(field)).map(([, words]) => words)
      if (others.length > 0) this.problem = others.join(' ')
      else if (isOffline(error)) this.problem = t('ui.fault.offline.text')
      else if (said.length === 0) this.problem = reason(error, t('ui.fault.text'))
      return false
    } finally {
      this.busy = false
    }
  }
}
