import type { GateSession } from "authjs-lazy"

/** The home page: who the visitor is, and their notes. */
export function homePage(session: GateSession | null, notes: string[]): string {
  // Crawlers, prefetches and the like get no lazy user.
  if (!session) return "<!doctype html><title>Notes</title><h1>Notes</h1>"
  const { isLazy, username, email } = session.user
  return `<!doctype html><title>Notes</title>
    <h1>Notes of ${escapeHtml(username ?? email ?? "you")}</h1>
    ${isLazy ? '<p><a href="/convert">Sign up to keep them</a></p>' : ""}
    <ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join("")}</ul>
    <form method="post"><input name="text" aria-label="Note" required><button>Add</button></form>`
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
}
