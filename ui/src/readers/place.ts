const key = (id: string) => `onlibrary.place.${id}`

/** Where a reading stands: a reader's own locator and how far that is, 0 to 1. */
export interface Place {
  locator: string
  fraction: number
}

/** The place remembered on this device for a document. */
export function recall(id: string): Place | undefined {
  try {
    const place = JSON.parse(localStorage.getItem(key(id)) ?? 'null') as Partial<Place> | null
    return typeof place?.locator === 'string' ? { locator: place.locator, fraction: Number(place.fraction) || 0 } : undefined
  } catch {
    return undefined // not ours, or no storage here: one starts at the beginning
  }
}

/** Remembers a place on this device. */
export function remember(id: string, place: Place): void {
  keep(key(id), place)
}

/** A reader's settings on this device, over its first values. */
export function settings<T extends object>(name: string, first: T): T {
  try {
    return { ...first, ...(JSON.parse(localStorage.getItem(`onlibrary.reader.${name}`) ?? '{}') as Partial<T>) }
  } catch {
    return first
  }
}

/** Remembers a reader's settings on this device. */
export function keepSettings(name: string, value: object): void {
  keep(`onlibrary.reader.${name}`, value)
}

function keep(name: string, value: object): void {
  try {
    localStorage.setItem(name, JSON.stringify(value))
  } catch {
    // storage full or forbidden: reading goes on without a memory
  }
}
