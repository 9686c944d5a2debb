import { generateKeyPairSync, randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import express from "express"
import type { Configuration } from "oidc-provider"
import { Provider } from "oidc-provider/lib/provider.js"
import { renderPage } from "../views/send-page.js"
import { standInProblem } from "../views/stand-in-page.js"
import { OpenIdStorage } from "./openid-storage.js"
import { whoAreYou } from "./who-are-you.js"

/** What Auth.js has to know about an OpenID provider. */
export interface OpenIdClient {
  issuer: string
  clientId: string
  clientSecret: string
  client: { id_token_signed_response_alg: string }
}

/**
 * Starts an OpenID provider that stands in for GitHub or Google: real in how it speaks, but whoever comes may be anybody. It has an address
 * of its own, 127.0.0.1 where the app has localhost, so to a browser it is another site with other cookies.
 */
export async function startOpenIdProvider(callbackPath: string): Promise<OpenIdClient> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = { clientId: "notes", clientSecret: randomBytes(32).toString("base64url") }
  const people = whoAreYou()
  const provider = new Provider(issuer, {
    ...settings(),
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        // For those, the port does not count, and the app has none yet: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
        application_type: "native",
        redirect_uris: ["localhost", "127.0.0.1"].map((host) => `http://${host}${callbackPath}`),
        id_token_signed_response_alg: ALGORITHM,
      },
    ],
    findAccount: (_context, subject) => people.find(subject),
  })
  const app = express()
  app.disable("x-powered-by")
  app.use(express.static(join(import.meta.dirname, "../public")))
  app.use(people.routes(provider))
  app.use(provider.callback())
  server.on("request", app)
  return { issuer, ...client, client: { id_token_signed_response_alg: ALGORITHM } }
}

const ALGORITHM = "ES256"
const MINUTE = 60

/** Everything it would otherwise choose by itself, and say so. */
function settings(): Configuration {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" })
  return {
    adapter: OpenIdStorage,
    // Nobody keeps what these sign for longer than a sign-in takes, so that new ones at every start will do.
    jwks: { keys: [{ ...key, alg: ALGORITHM, use: "sig" }] },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    ttl: { AccessToken: MINUTE, IdToken: MINUTE, Grant: MINUTE, Interaction: 60 * MINUTE, Session: 60 * MINUTE },
    // There are no sessions: see OpenIdStorage.
    expiresWithSession: () => false,
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    // Auth.js reads the profile from the ID token.
    conformIdTokenClaims: false,
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    renderError(context) {
      context.type = "html"
      context.body = renderPage(standInProblem())
    },
  }
}
