import type { Provider } from "@auth/core/providers"
import GitHub from "@auth/core/providers/github"
import Google from "@auth/core/providers/google"
import Nodemailer from "@auth/core/providers/nodemailer"
import Passkey from "@auth/core/providers/passkey"
import { type Mailbox, startMailbox } from "./stand-ins/mailbox.js"
import { startOpenIdProvider } from "./stand-ins/openid-provider.js"

/** The ways to an account that have other parties in them. */
export interface OtherWays {
  providers: Provider[]
  /** Where the mail goes unless there is a server for it. */
  mailbox: Mailbox | undefined
}

/**
 * The real parties, where the environment says how to reach them (Auth.js reads ids and secrets from it by itself:
 * https://authjs.dev/guides/environment-variables), and stand-ins on this machine.
 */
export async function startOtherWays(): Promise<OtherWays> {
  const { AUTH_GITHUB_ID, AUTH_GOOGLE_ID, EMAIL_SERVER, EMAIL_FROM = "notes@example.com" } = process.env
  const [standIn, mailbox] = await Promise.all([
    startOpenIdProvider("/auth/callback/stand-in"),
    EMAIL_SERVER ? undefined : startMailbox(),
  ])
  const providers: Provider[] = [
    ...(AUTH_GITHUB_ID ? [GitHub] : []),
    ...(AUTH_GOOGLE_ID ? [Google] : []),
    { id: "stand-in", name: "a stand-in for GitHub or Google", type: "oidc", checks: ["pkce", "state"], ...standIn },
    Nodemailer({ server: EMAIL_SERVER ?? mailbox?.server, from: EMAIL_FROM }),
    Passkey,
  ]
  return { providers, mailbox }
}
