import type { RecordModel } from 'pocketbase'
import { lang } from './i18n'
import { pb } from './pb'

export interface Region extends RecordModel {
  code: string
  name: string
}

export interface City extends RecordModel {
  name: string
  region: string
}

/** Every region, by name. */
export async function fetchRegions(): Promise<Region[]> {
  return inOrder(await pb.collection('regions').getFullList<Region>({ sort: 'name,id' }))
}

/** Every city of a region, by name. */
export async function fetchCities(region: string): Promise<City[]> {
  const filter = pb.filter('region = {:region}', { region })
  return inOrder(await pb.collection('cities').getFullList<City>({ filter, sort: 'name,id' }))
}

/** The database sorts by bytes, which puts é behind z. */
function inOrder<Place extends { name: string }>(places: Place[]): Place[] {
  const { compare } = new Intl.Collator(lang())
  return places.sort((a, b) => compare(a.name, b.name))
}
