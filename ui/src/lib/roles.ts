import { has, t } from './i18n'
import { pb } from './pb'
import type { Role } from './records'
import { may } from './session.svelte'

/** Something that a role may grant, in the reader's language. */
export interface Permission {
  name: string
  description: string
}

/** A role's name: the first four in the reader's language as long as they keep their names, others as they were called. */
export function roleName(role: Pick<Role, 'name'>): string {
  const name = role.name.toLowerCase()
  return has(`ui.role.${name}`) ? t(`ui.role.${name}`) : role.name
}

/** Whether the patron holds all that a role grants, and so may give it, change it and act on who has it. */
export function within(role: Pick<Role, 'permissions'>): boolean {
  return role.permissions.every(may)
}

/** Every role, the first four in front. */
export function fetchRoles(): Promise<Role[]> {
  return pb.collection('roles').getFullList<Role>({ sort: 'created,id' })
}

/** Everything that there is to grant. */
export function fetchPermissions(): Promise<Permission[]> {
  return pb.send<Permission[]>('/api/library/permissions', {})
}

/** How many have a role. */
export async function countHolders(id: string): Promise<number> {
  const filter = pb.filter('role = {:id}', { id })
  return (await pb.collection('users').getList(1, 1, { filter, fields: 'id' })).totalItems
}
