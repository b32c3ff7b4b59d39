import { has, t } from './i18n'
import { pb } from './pb'
import type { Role } from './records'

/** A role's name: the first four in the reader's language as long as they keep their names, others as they were called. */
export function roleName(role: Pick<Role, 'name'>): string {
  const name = role.name.toLowerCase()
  return has(`ui.role.${name}`) ? t(`ui.role.${name}`) : role.name
}

/** Every role, by name. */
export function fetchRoles(): Promise<Role[]> {
  return pb.collection('roles').getFullList<Role>({ sort: 'created,id' })
}
