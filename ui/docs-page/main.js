// The page of the API: Swagger UI, and a form to sign in with, whose token every call then carries.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import '@fontsource-variable/literata/opsz.css'
import { name } from './names.js'
import './page.css'

const scheme = 'bearer'
const dark = matchMedia('(prefers-color-scheme: dark)')
const root = document.documentElement
const paint = () => {
  const on = root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches
  root.classList.toggle('dark-mode', on)
}
dark.addEventListener('change', paint)
paint()

const ui = SwaggerUI({
  dom_id: '#reference',
  url: '/api/library/openapi.json',
  layout: 'BaseLayout',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelExpandDepth: 2,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  persistAuthorization: false, // who leaves the page is signed out
  validatorUrl: null,
  queryConfigEnabled: false,
})

name(document.querySelector('#reference'))

const [signIn, signOut] = [document.querySelector('#sign-in'), document.querySelector('#sign-out')]
const said = document.querySelector('#said')

signIn.addEventListener('submit', async (event) => {
  event.preventDefault()
  said.textContent = ''
  const answer = await fetch('/api/collections/users/auth-with-password', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(signIn))),
  }).catch(() => undefined)
  const body = await answer?.json().catch(() => undefined)
  if (!answer?.ok) {
    said.textContent = body?.message ?? 'The library does not answer.'
    return
  }
  ui.preauthorizeApiKey(scheme, body.token)
  signIn.reset()
  show(`Signed in as ${body.record.name || body.record.username}`)
})

signOut.addEventListener('submit', (event) => {
  event.preventDefault()
  ui.authActions.logout([scheme])
  show()
})

function show(who) {
  signIn.hidden = Boolean(who)
  signOut.hidden = !who
  signOut.querySelector('span').textContent = who ?? ''
  said.textContent = ''
}
