import type { ConvertStrings } from "../messages/strings.js"
import type { FormOutcome } from "./outcome.js"
import type { Way } from "./ways.js"

interface WaysViewProps {
  form: FormOutcome
  strings: ConvertStrings
  path: string
}

/**
 * Renders a form for each way to an account without a password. Passkeys need JavaScript: their
 * forms stay hidden until the script finds that the browser supports them.
 */
export function WaysView({ form, strings, path }: WaysViewProps) {
  const { ways } = form
  if (ways.length === 0) return null
  return (
    <div class="lazy-ways" data-ways hidden={ways.every(({ type }) => type === "webauthn")}>
      <p class="lazy-or">{strings.or}</p>
      <OAuthForm form={form} strings={strings} path={path} />
      {ways.map((way, index) => {
        if (way.type === "email")
          return <EmailForm key={way.id} way={way} index={index} form={form} strings={strings} />
        if (way.type === "webauthn")
          return <PasskeyForm key={way.id} way={way} index={index} form={form} strings={strings} />
        return null
      })}
    </div>
  )
}

/**
 * Renders a button for each OAuth and OpenID provider. The form posts to the page itself, because
 * the Content-Security-Policy allows no form to lead to another site; see `leave`.
 */
function OAuthForm({ form: { ways, csrfToken, requested }, strings, path }: WaysViewProps) {
  const providers = ways.filter(({ type }) => type === "oauth" || type === "oidc")
  if (providers.length === 0) return null
  return (
    <form method="post" action={path}>
      <input type="hidden" name="csrfToken" value={csrfToken} />
      {requested && <input type="hidden" name="redirectTo" value={requested} />}
      {providers.map(({ id, name }) => (
        <button key={id} type="submit" name="provider" value={id}>
          {strings.continueWith(name)}
        </button>
      ))}
    </form>
  )
}

interface WayProps {
  way: Way
  index: number
  form: FormOutcome
  strings: ConvertStrings
}

function EmailForm({ way, index, form: { csrfToken, target }, strings }: WayProps) {
  const id = `way-${index}-email`
  return (
    <form method="post" action={pathOf(way.signinUrl)}>
      <input type="hidden" name="csrfToken" value={csrfToken} />
      <input type="hidden" name="callbackUrl" value={target} />
      <label for={id}>{strings.emailLinkLabel}</label>
      <input
        id={id}
        name="email"
        type="email"
        autocomplete="email"
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        required
      />
      <button type="submit">{strings.emailLinkSubmit(way.name)}</button>
    </form>
  )
}

function PasskeyForm({ way, index, form: { csrfToken, target, user }, strings }: WayProps) {
  const callback = pathOf(way.signinUrl).replace(/\/signin\/([^/]+)$/, "/callback/$1")
  const options = callback.replace(/\/callback\/([^/]+)$/, "/webauthn-options/$1?action=register")
  return (
    <form
      hidden
      method="post"
      action={callback}
      data-passkey-options={options}
      data-passkey-failed={strings.passkeyFailed}
    >
      <input type="hidden" name="csrfToken" value={csrfToken} />
      <input type="hidden" name="callbackUrl" value={target} />
      <input type="hidden" name="action" value="register" />
      <input type="hidden" name="data" value="" />
      {/* Auth.js knows a lazy user. Other visitors fill in the fields of the provider. */}
      {!user &&
        way.fields.map((field) => (
          <>
            <label for={`way-${index}-${field.name}`}>{field.label}</label>
            <input
              id={`way-${index}-${field.name}`}
              name={field.name}
              type={field.type}
              required={field.required}
              autocomplete={field.autocomplete}
              data-passkey-field
            />
          </>
        ))}
      <button type="submit">{strings.passkeySubmit(way.name)}</button>
      <p class="lazy-error" role="alert" />
    </form>
  )
}

/** Returns a URL's path, because behind a proxy only the browser knows the right origin. */
function pathOf(url: string): string {
  return new URL(url).pathname
}
