export type TroubleCode = 'refused' | 'offline' | 'broken' | 'tooBig' | 'unsupported' | 'locked'

/** Why a document can't be shown: its code chooses the words, its cause is for the console. */
export class Trouble extends Error {
  constructor(
    readonly code: TroubleCode,
    options?: ErrorOptions,
  ) {
    super(code, options)
    this.name = 'Trouble'
  }
}

/** The trouble that an error amounts to: what we do not know is a broken file. */
export function troubleOf(error: unknown): Trouble {
  return error instanceof Trouble ? error : new Trouble('broken', { cause: error })
}
