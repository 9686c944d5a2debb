import type { GateSession } from "authjs-lazy"
import type { ComponentChildren } from "preact"

interface LayoutProps {
  /** What the page is; the browser shows it with the name of the app. */
  title?: string
  /** The session, or null for a visitor without one; undefined leaves the links to the account out. */
  session?: GateSession | null
  children: ComponentChildren
}

/** What all pages of the app have around them. */
export function Layout({ title, session, children }: LayoutProps) {
  return (
    <Document title={title ? `${title} · Notes` : "Notes"}>
      <header>
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="24" height="24" /> Notes
        </a>
        {session !== undefined && <Account session={session} />}
      </header>
      <main>{children}</main>
    </Document>
  )
}

/** The HTML around everything. */
export function Document(props: { title: string; class?: string; children: ComponentChildren }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{props.title}</title>
        <link rel="icon" href="/icon.svg" />
        <link rel="stylesheet" href="/styles.css" />
      </head>
      <body class={props.class}>{props.children}</body>
    </html>
  )
}

function Account({ session }: { session: GateSession | null }) {
  return (
    <nav aria-label="Account">
      {session && !session.user.isLazy ? (
        <span class="name">{displayName(session.user)}</span>
      ) : (
        <a href="/signin">Sign in</a>
      )}
      {session && <a href="/signout">Sign out</a>}
    </nav>
  )
}

/** What to call somebody: a lazy user has only the generated username. */
export function displayName({ name, username, email }: GateSession["user"]): string {
  return name ?? username ?? email ?? "you"
}
