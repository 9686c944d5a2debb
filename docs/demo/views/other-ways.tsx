import type { PublicProvider } from "@auth/core/types"

interface OtherWaysProps {
  providers: PublicProvider[]
  /** The CSRF token of Auth.js. */
  token: string
  /** For the script that passkeys need. */
  nonce: string
}

/** A form for every provider that needs no password. All of them work without JavaScript but the one for passkeys. */
export function OtherWays({ providers, token, nonce }: OtherWaysProps) {
  const sites = providers.filter(({ type }) => type === "oauth" || type === "oidc")
  const email = providers.find(({ type }) => type === "email")
  const passkey = providers.find(({ type }) => type === "webauthn")
  return (
    <>
      <p class="or">or</p>
      {/*
       * The convert page starts these sign-ins for everybody, and goes on to the other site from a page in between: Chromium holds the
       * redirects after a form to `form-action`, and where a provider redirects to in turn can't be listed.
       */}
      <form method="post" action="/convert" class="choices">
        <input type="hidden" name="csrfToken" value={token} />
        <input type="hidden" name="redirectTo" value="/" />
        {sites.map(({ id, name }) => (
          <button key={id} type="submit" name="provider" value={id} class="choice">
            Continue with {name}
          </button>
        ))}
      </form>
      {email && (
        <form method="post" action={email.signinUrl}>
          <Hidden token={token} />
          <label for="email">E-mail address for a sign-in link</label>
          <input id="email" name="email" type="email" autocomplete="email" required />
          <button type="submit" class="choice">
            Send me a link
          </button>
        </form>
      )}
      {passkey && (
        <form
          hidden
          method="post"
          action={passkey.callbackUrl}
          data-passkey={`/auth/webauthn-options/${passkey.id}?action=authenticate`}
        >
          <Hidden token={token} />
          <input type="hidden" name="action" value="authenticate" />
          <input type="hidden" name="data" value="" />
          <button type="submit" class="choice">
            Sign in with a passkey
          </button>
          <p class="problem" role="alert" />
          <script type="module" src="/passkey.js" nonce={nonce} />
        </form>
      )}
    </>
  )
}

/** What every form to Auth.js has in it. */
function Hidden({ token }: { token: string }) {
  return (
    <>
      <input type="hidden" name="csrfToken" value={token} />
      <input type="hidden" name="callbackUrl" value="/" />
    </>
  )
}
