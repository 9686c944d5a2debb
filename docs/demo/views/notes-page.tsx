import type { GateSession } from "authjs-lazy"
import { isLazy } from "authjs-lazy"
import type { Note, RefusedNote } from "../notes.js"
import { DATE } from "./date.js"
import { displayName, Layout } from "./layout.js"
import { NoteForm } from "./note-form.js"

interface NotesPageProps {
  session: GateSession
  notes: Note[]
  /** A note that could not be taken as it is. */
  refused?: RefusedNote
}

/** Everything somebody has written. */
export function notesPage({ session, notes, refused }: NotesPageProps) {
  return (
    <Layout session={session}>
      <h1 class="hidden">Your notes</h1>
      {isLazy(session) && <WhoYouAre session={session} />}
      <NoteForm action="/" label="New note" button="Add note" text={refused?.text} problem={refused?.problem} />
      {notes.length > 0 ? (
        <ul class="notes">
          {notes.map((note) => (
            <NoteItem key={note.id} note={note} />
          ))}
        </ul>
      ) : (
        <p class="empty">No notes yet. What’s on your mind?</p>
      )}
    </Layout>
  )
}

/** Says to lazy users what they have and what it hangs on. */
function WhoYouAre({ session }: { session: GateSession }) {
  return (
    <p class="told">
      You are <b>{displayName(session.user)}</b>. Everything you write is kept, but this browser is the only key to it.{" "}
      <a href="/convert">Make an account</a>, and you can open it anywhere.
    </p>
  )
}

function NoteItem({ note: { id, text, createdAt } }: { note: Note }) {
  const excerpt = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return (
    <li>
      <p class="text">{text}</p>
      <div class="actions">
        <time dateTime={createdAt.toISOString()}>{DATE.format(createdAt)}</time>
        <a href={`/notes/${id}`} aria-label={`Edit “${excerpt}”`}>
          Edit
        </a>
        <form method="post" action={`/notes/${id}/delete`}>
          <button type="submit" class="plain" aria-label={`Delete “${excerpt}”`}>
            Delete
          </button>
        </form>
      </div>
    </li>
  )
}

/** Shows the form for the first note to a visitor without a session. */
export function homePage() {
  return (
    <Layout session={null}>
      <h1>Write it down</h1>
      <p class="told">Notes that are yours from the first word on. There is nothing to sign up for.</p>
      <NoteForm action="/" label="New note" button="Add note" />
    </Layout>
  )
}
