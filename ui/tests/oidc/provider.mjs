// An OpenID Connect server for tests: whoever signs in types their claims, as
// JSON, in place of a name. It prints its issuer once it listens, and ends with
// its standard input.
//
//   node provider.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const [clientID, clientSecret, redirect] = process.argv.slice(2)

const server = createServer((request, response) => callback(request, response))
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    { client_id: clientID, client_secret: clientSecret, redirect_uris: [redirect], subject_type: 'pairwise' },
  ],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'picture', 'preferred_username'],
  },
  // What a person is called comes in the ID token, too.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ['for tests only'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => JSON.parse(id) }),
  // The rest of the claims changes; a person stays the same.
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: (_, id) => JSON.parse(id).sub,
})
const callback = provider.callback()

console.log(`issuer ${issuer}`)
process.stdin.resume().on('end', () => process.exit())
