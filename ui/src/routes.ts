import type { Route } from './lib/router.svelte'

/** Every page of the app. The first that fits a path is shown; none is the "not found" page. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('./pages/Home.svelte') },
  { path: '/catalogue', load: () => import('./pages/Catalogue.svelte') },
  { path: '/documents/:id', load: () => import('./pages/Document.svelte') },
  { path: '/documents/:id/edit', load: () => import('./pages/Edit.svelte'), needs: 'signedIn' },
  { path: '/read/:id', load: () => import('./pages/Read.svelte'), bare: true },
  { path: '/upload', load: () => import('./pages/Upload.svelte'), needs: ['documents.create'] },
  { path: '/notifications', load: () => import('./pages/Notifications.svelte'), needs: 'signedIn' },
  { path: '/me', load: () => import('./pages/Me.svelte'), needs: 'signedIn' },
  { path: '/staff/patrons', load: () => import('./pages/Patrons.svelte'), needs: ['users.manage'] },
  { path: '/staff/categories', load: () => import('./pages/Categories.svelte'), needs: ['categories.manage'] },
  { path: '/staff/library', load: () => import('./pages/Library.svelte'), needs: ['library.manage'] },
  { path: '/setup', load: () => import('./pages/Setup.svelte'), bare: true },
  { path: '/signin', load: () => import('./pages/SignIn.svelte'), bare: true },
  { path: '/signup', load: () => import('./pages/SignUp.svelte'), bare: true },
  { path: '/forgot', load: () => import('./pages/Forgot.svelte'), bare: true },
  { path: '/reset-password', load: () => import('./pages/ResetPassword.svelte'), bare: true },
  { path: '/change-email', load: () => import('./pages/ChangeEmail.svelte'), bare: true },
  { path: '/verify', load: () => import('./pages/Verify.svelte'), bare: true },
]
