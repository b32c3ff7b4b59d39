/** The staff's pages, in the order of their tabs, each with the permission that opens it. */
export const staffPages = [
  { href: '/staff/patrons', label: 'ui.staff.patrons', needs: 'users.manage' },
  { href: '/staff/roles', label: 'ui.staff.roles', needs: 'roles.manage' },
  { href: '/staff/categories', label: 'ui.staff.categories', needs: 'categories.manage' },
  { href: '/staff/places', label: 'ui.staff.places', needs: 'places.manage' },
  { href: '/staff/message', label: 'ui.staff.message', needs: 'notifications.send' },
  { href: '/staff/audit', label: 'ui.staff.audit', needs: 'audit.read' },
  { href: '/staff/library', label: 'ui.staff.library', needs: 'library.manage' },
] as const
