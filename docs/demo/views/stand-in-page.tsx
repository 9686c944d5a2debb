import type { ComponentChildren } from "preact"
import { MADE_UP, type RefusedPerson } from "../stand-ins/people.js"
import { Card } from "./card.js"
import { Document } from "./layout.js"

interface StandInPageProps {
  /** Where the form goes. */
  action: string
  /** What was typed and can't be. */
  refused?: RefusedPerson
}

/** Where GitHub or Google would ask for a password. */
export function standInPage({ action, refused }: StandInPageProps) {
  return (
    <StandInLayout title="Who are you?">
      <Card title="Who are you?">
        <p>GitHub or Google would ask for a password. This stand-in believes whatever you say.</p>
        <form method="post" action={action} class="choices">
          {MADE_UP.map(({ name, email }) => (
            <button key={email} type="submit" name="email" value={email} class="choice">
              Continue as {name} <small>{email}</small>
            </button>
          ))}
        </form>
        <p class="or">or somebody else</p>
        {refused && (
          <p id="problem" class="problem" role="alert">
            {refused.problem}
          </p>
        )}
        <form method="post" action={action}>
          <label for="name">Name</label>
          <input id="name" name="name" value={refused?.name} autocomplete="off" maxLength={200} required />
          <label for="email">E-mail address</label>
          <input
            id="email"
            name="email"
            type="email"
            value={refused?.email}
            autocomplete="off"
            maxLength={200}
            placeholder="you@example.com"
            required
          />
          <button type="submit">Continue</button>
        </form>
        <form method="post" action={`${action}/cancel`}>
          <button type="submit" class="plain">
            Go back without signing in
          </button>
        </form>
      </Card>
    </StandInLayout>
  )
}

/** Shown for a sign-in that this browser has not begun, or that has taken too long. */
export function standInProblem() {
  return (
    <StandInLayout title="This sign-in is over">
      <Card title="This sign-in is over">
        <p>It was left for too long, or the demo has been restarted. Go back to your notes and begin again.</p>
      </Card>
    </StandInLayout>
  )
}

/** Says on every page what this is, in other colours than the app's. */
function StandInLayout({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <Document title={`${title} · Stand-in`} class="stand-in">
      <header>
        <p>
          <b>A stand-in for GitHub or Google.</b> The demo runs it on this machine; nothing you do here leaves it.
        </p>
      </header>
      <main>{children}</main>
    </Document>
  )
}
