import { Attempt } from './attempt.svelte'
import { t } from './i18n'
import { pb, reason } from './pb'
import { say } from './toasts.svelte'

/**
 * Deletes at once, so that a refusal is said where it was asked for, and offers
 * to put the same record back: for what may only be deleted when nothing hangs on it.
 */
export function removeNow(attempt: Attempt, collection: string, record: { id: string }, fields: object, text: string, changed: (back: boolean) => void): void {
  void attempt.run(async () => {
    await pb.collection(collection).delete(record.id)
    changed(false)
    const run = async () => {
      try {
        await pb.collection(collection).create({ id: record.id, ...fields })
        changed(true)
      } catch (error) {
        say(reason(error, t('ui.fault.text')), { bad: true })
      }
    }
    say(text, { stays: 10_000, act: { label: t('ui.act.undo'), run } })
  })
}
