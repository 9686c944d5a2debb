import type { GateSession } from "authjs-lazy"
import { isLazy } from "authjs-lazy"
import { Card } from "./card.js"
import { displayName, Layout } from "./layout.js"
import { countNotes } from "./sign-in-page.js"

interface SignOutPageProps {
  session: GateSession
  /** How many notes the user has. */
  count: number
  /** The CSRF token of Auth.js. */
  token: string
}

/** Asks before signing somebody out: a lazy user can't come back. */
export function signOutPage({ session, count, token }: SignOutPageProps) {
  const loses = isLazy(session) && count > 0
  return (
    <Layout title="Sign out">
      <Card title={loses ? "Your notes will be lost" : "Sign out?"}>
        {loses ? (
          <>
            <p>
              Nobody can sign in as <b>{displayName(session.user)}</b>, not even you: this browser is the only key to
              what you wrote ({countNotes(count)}), and signing out throws it away.
            </p>
            <a class="button" href="/convert">
              Keep my notes
            </a>
          </>
        ) : (
          <p>
            {isLazy(session)
              ? "You haven’t written anything, so nothing will be lost."
              : "Your notes will be here when you sign in again."}
          </p>
        )}
        <form method="post" action="/auth/signout">
          <input type="hidden" name="csrfToken" value={token} />
          <input type="hidden" name="callbackUrl" value="/signin?from=signout" />
          <button type="submit" class={loses ? "danger" : undefined}>
            {loses ? "Sign out and lose them" : "Sign out"}
          </button>
        </form>
        <a href="/">Back to your notes</a>
      </Card>
    </Layout>
  )
}
