import { pb } from './pb'
import type { Category } from './records'

let all = $state.raw<Category[] | undefined>()
let asking: Promise<void> | undefined

/** The library's categories by name, empty until they are here. Reactive. */
export function categories(): readonly Category[] {
  asking ??= refreshCategories().catch(() => {
    asking = undefined
  })
  return all ?? []
}

/** Fetches the categories anew. */
export async function refreshCategories(): Promise<void> {
  all = await pb.collection('categories').getFullList<Category>({ sort: 'name,id' })
}
