import type { FieldName, Problem } from "../messages/problem.js"
import { type ConvertStrings, messageFor } from "../messages/strings.js"
import type { FormOutcome } from "./outcome.js"
import { passkeyScript } from "./passkey-script.js"
import { WaysView } from "./ways-view.js"

/** Returns the heading above the form. */
export function formTitle({ user }: FormOutcome, strings: ConvertStrings): string {
  return user ? strings.convertTitle : strings.signUpTitle
}

interface FormViewProps {
  form: FormOutcome
  strings: ConvertStrings
  path: string
  nonce: string
}

/** Renders the form with its errors, and the other ways to an account below it. */
export function FormView({ form, strings, path, nonce }: FormViewProps) {
  const { user, identifier, csrfToken, requested, problem, typed, ways } = form
  const message = problem && messageFor(strings, problem.code)
  const errorOf = (field: FieldName) => (problem?.field === field ? message : null)
  return (
    <>
      <h1>{formTitle(form, strings)}</h1>
      {user ? (
        <>
          <p class="lazy-keep">{strings.keepEverything}</p>
          <p class="lazy-quiet">{strings.convertIntro(user.username ?? user.name ?? "")}</p>
        </>
      ) : (
        <p class="lazy-quiet">{strings.signUpIntro}</p>
      )}
      {problem && message && <ProblemView problem={problem} message={message} strings={strings} />}
      {/* The server reports errors: the browser's own vanish and ignore the app's language. */}
      <form class="lazy-main" method="post" action={path} novalidate>
        <input type="hidden" name="csrfToken" value={csrfToken} />
        {requested && <input type="hidden" name="redirectTo" value={requested} />}
        <Field
          name={identifier}
          type={identifier === "email" ? "email" : "text"}
          autocomplete={identifier}
          label={identifier === "email" ? strings.emailLabel : strings.usernameLabel}
          hint={identifier === "email" ? strings.emailHint : strings.usernameHint}
          value={typed}
          error={errorOf(identifier)}
        />
        <Field
          name="password"
          type="password"
          autocomplete="new-password"
          label={strings.passwordLabel}
          hint={strings.passwordHint}
          error={errorOf("password")}
        />
        <Field
          name="passwordConfirm"
          type="password"
          autocomplete="new-password"
          label={strings.passwordConfirmLabel}
          error={errorOf("passwordConfirm")}
        />
        <button class="lazy-first" type="submit">
          {user ? strings.convertSubmit : strings.signUpSubmit}
        </button>
      </form>
      <WaysView form={form} strings={strings} path={path} />
      {ways.some(({ type }) => type === "webauthn") && (
        <script nonce={nonce} dangerouslySetInnerHTML={{ __html: passkeyScript }} />
      )}
    </>
  )
}

function ProblemView({ problem, message, strings }: { problem: Problem; message: string; strings: ConvertStrings }) {
  return (
    <div class="lazy-problem" role="alert" tabIndex={-1} autofocus={problem.field === null}>
      <h2>{strings.errorHeading}</h2>
      <p>{problem.field ? <a href={`#${problem.field}`}>{message}</a> : message}</p>
    </div>
  )
}

interface FieldProps {
  name: FieldName
  type: "text" | "email" | "password"
  autocomplete: string
  label: string
  hint?: string
  value?: string
  error: string | null
}

function Field({ name, type, autocomplete, label, hint, value, error }: FieldProps) {
  const describedBy = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ")
  return (
    <div class="lazy-field">
      <label for={name}>{label}</label>
      {hint && (
        <p class="lazy-hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="lazy-error" id={`${name}-error`}>
          {error}
        </p>
      )}
      <input
        id={name}
        name={name}
        type={type}
        value={value}
        autocomplete={autocomplete}
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        required
        aria-describedby={describedBy || undefined}
        aria-invalid={error ? "true" : undefined}
        // Moves the focus to the field at fault, also without JavaScript.
        autofocus={error !== null}
      />
    </div>
  )
}
