import { type ConvertStrings, convertStrings } from "authjs-lazy/react"
import { ConvertPasskey } from "./convert-passkey"
import { ConvertPassword } from "./convert-password"
import { ConvertEmail, ConvertOAuth } from "./convert-ways"

/** A provider of the configuration that makes accounts without a password. */
export interface ConvertWay {
  id: string
  name: string
  type: "oauth" | "email" | "passkey"
}

/** Texts that the convert page of the package doesn't have. */
export interface ConvertFormTexts {
  showPassword: string
  hidePassword: string
  weak: string
  fair: string
  good: string
  strong: string
  linkSent: string
}

const english: ConvertFormTexts = {
  showPassword: "Show password",
  hidePassword: "Hide password",
  weak: "Too weak",
  fair: "Fair",
  good: "Good",
  strong: "Strong",
  linkSent: "Check your inbox, and open the link in this browser.",
}

interface ConvertFormProps {
  /** By what people sign in: the `identifier` of your ConvertProvider. */
  identifier?: "username" | "email"
  /** The other ways, in the order in which they are shown. */
  ways?: readonly ConvertWay[]
  /** Path to go to afterwards. */
  redirectTo?: string | undefined
  /** The code of a refusal, from `?code=` or `?error=` of the page. */
  code?: string | undefined
  /** The provider that refused, from `?from=` of the page. The refusal is shown beside it. */
  from?: string | undefined
  strings?: Partial<ConvertStrings>
  texts?: Partial<ConvertFormTexts>
  className?: string
}

/**
 * Lets a lazy user make an account. Rendered by a server component, it takes functions in `strings`:
 * the client components in it are passed plain texts.
 */
export function ConvertForm({
  identifier = "username",
  ways = [],
  redirectTo,
  code,
  from,
  strings,
  texts,
  className = "",
}: ConvertFormProps) {
  const said = convertStrings(strings)
  const own = { ...english, ...texts }
  const { errors } = said
  const oauth = ways.filter(({ type }) => type === "oauth")
  // The form with the password shows a refusal of no other form.
  const tried = ways.find(({ id, type }) => id === from && type !== "passkey")
  return (
    <section
      data-slot="convert-form"
      aria-labelledby="convert-form-heading"
      className={`mx-auto grid w-full max-w-md gap-6 rounded-xl border border-border bg-card p-6 text-card-foreground ${className}`}
    >
      <div className="grid gap-2">
        <h1 id="convert-form-heading" className="text-2xl font-semibold tracking-tight">
          {said.convertTitle}
        </h1>
        <p className="text-sm text-muted-foreground">{said.keepEverything}</p>
      </div>
      <ConvertPassword
        identifier={identifier}
        texts={{
          ...own,
          identifierLabel: identifier === "email" ? said.emailLabel : said.usernameLabel,
          identifierHint: identifier === "email" ? said.emailHint : said.usernameHint,
          passwordLabel: said.passwordLabel,
          passwordHint: said.passwordHint,
          submit: said.convertSubmit,
        }}
        errors={errors}
        code={tried ? undefined : code}
        redirectTo={redirectTo}
      />
      {ways.length > 0 && (
        <div className="grid gap-4 border-t border-border pt-6 empty:hidden">
          {oauth.length > 0 && (
            <ConvertOAuth
              providers={oauth.map(({ id, name }) => ({ id, label: said.continueWith(name) }))}
              errors={errors}
              code={tried?.type === "oauth" ? code : undefined}
              redirectTo={redirectTo}
            />
          )}
          {ways.map(({ id, name, type }) => {
            if (type === "passkey")
              return (
                <ConvertPasskey
                  key={id}
                  provider={id}
                  label={said.passkeySubmit(name)}
                  failed={said.passkeyFailed}
                  redirectTo={redirectTo}
                />
              )
            if (type === "email")
              return (
                <ConvertEmail
                  key={id}
                  provider={id}
                  texts={{ label: said.emailLinkLabel, submit: said.emailLinkSubmit(name), sent: own.linkSent }}
                  errors={errors}
                  code={tried?.id === id ? code : undefined}
                  redirectTo={redirectTo}
                />
              )
            return null
          })}
        </div>
      )}
    </section>
  )
}
