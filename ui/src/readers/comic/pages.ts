import type { Source } from '../remote'
import { Trouble } from '../trouble'
import { Zip } from '../zip'

const types: Record<string, string> = { jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif', bmp: 'image/bmp' }
const maxPageBytes = 60 * 2 ** 20

/** The pages of a comic (CBZ): the archive's pictures, in the order in which a person counts. */
export interface Comic {
  count: number
  /** From ComicInfo.xml: whether it is read from right to left. */
  rtl: boolean
  page(index: number): Promise<Blob>
}

export async function openComic(source: Source): Promise<Comic> {
  const zip = await Zip.open(source)
  const counting = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
  const names = [...zip.entries.keys()]
    .filter((name) => extension(name) in types && !/(^|\/)(__MACOSX\/|\._|\.)/.test(name))
    .sort(counting.compare)
  if (!names.length) throw new Trouble('broken')
  return {
    count: names.length,
    rtl: await readsRightToLeft(zip),
    async page(index) {
      const name = names[index] ?? ''
      const bytes = await zip.bytes(name, maxPageBytes)
      if (!bytes) throw new Trouble('broken')
      return new Blob([bytes], { type: types[extension(name)] ?? '' })
    },
  }
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase()
}

async function readsRightToLeft(zip: Zip): Promise<boolean> {
  const name = [...zip.entries.keys()].find((name) => name.toLowerCase() === 'comicinfo.xml')
  const bytes = name && (await zip.bytes(name, 2 ** 20))
  if (!bytes) return false
  const info = new DOMParser().parseFromString(new TextDecoder().decode(bytes), 'application/xml')
  return info.querySelector('Manga')?.textContent?.trim() === 'YesAndRightToLeft'
}
