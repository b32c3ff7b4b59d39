/** The staff's pages, in the order of their tabs, each with the permission that opens it. */
export const staffPages = [
  { href: '/staff/patrons', label: 'ui.staff.patrons', needs: 'users.manage' },
  { href: '/staff/categories', label: 'ui.staff.categories', needs: 'categories.manage' },
  { href: '/staff/library', label: 'ui.staff.library', needs: 'library.manage' },
] as const
