import type { PublicProvider } from "@auth/core/types"
import type { GateSession } from "authjs-lazy"
import { Card } from "./card.js"
import { displayName, Layout } from "./layout.js"
import { OtherWays } from "./other-ways.js"

interface SignInPageProps {
  /** A lazy user's, if there is one. */
  session: GateSession | null
  /** How many notes that lazy user has. */
  left: number
  /** The CSRF token of Auth.js. */
  token: string
  /** Everything that is configured. */
  providers: PublicProvider[]
  /** For the script of the page. */
  nonce: string
  /** What Auth.js says went wrong: https://authjs.dev/guides/pages/signin */
  problem: unknown
  /** Whether somebody has just signed out. */
  signedOut: boolean
}

const PROBLEMS = new Map([
  ["wrong_credentials", "No account has that name and password."],
  ["too_many_tries", "Too many tries. Wait a few minutes, then try again."],
  ["merge_failed", "Your notes can’t be moved into your account. Nobody was signed in, and the notes are still here."],
  ["OAuthAccountNotLinked", "Another account has that e-mail address. Sign in as you did the first time."],
  ["OAuthCallbackError", "Nobody was signed in. Try again, or choose another way."],
  ["Verification", "That link has been used already, or is too old. Ask for another one."],
])

/** Where people with an account come in. */
export function signInPage({ session, left, token, providers, nonce, problem, signedOut }: SignInPageProps) {
  const text = problem ? (PROBLEMS.get(String(problem)) ?? "That didn’t work. Please try again.") : undefined
  return (
    <Layout title="Sign in">
      <Card title="Sign in">
        {session && left > 0 && <ComesAlong session={session} left={left} />}
        {signedOut && !session && !text && <p role="status">You are signed out.</p>}
        {text && (
          <p class="problem" role="alert">
            {text}
          </p>
        )}
        {problem === "merge_failed" && (
          <form method="post" action="/auth/callback/without-merge">
            <input type="hidden" name="csrfToken" value={token} />
            <button type="submit">Sign in without these notes</button>
          </form>
        )}
        <form method="post" action="/auth/callback/password">
          <input type="hidden" name="csrfToken" value={token} />
          <input type="hidden" name="callbackUrl" value="/" />
          <label for="username">Name</label>
          <input
            id="username"
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
          />
          <label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required />
          <button type="submit">Sign in</button>
        </form>
        <OtherWays providers={providers} token={token} nonce={nonce} />
        {session ? (
          <a href="/">Back to your notes</a>
        ) : (
          <p>
            New here? <a href="/">Start writing</a>, you can sign up later.
          </p>
        )}
      </Card>
    </Layout>
  )
}

/** Signing in to an account that is there already merges the two: the notes of the lazy user become the account's. */
function ComesAlong({ session, left }: { session: GateSession; left: number }) {
  return (
    <p class="told">
      What you wrote as <b>{displayName(session.user)}</b> ({countNotes(left)}) comes along into your account.
    </p>
  )
}

/** A number of notes, in words. */
export function countNotes(count: number): string {
  return count === 1 ? "1 note" : `${count} notes`
}
