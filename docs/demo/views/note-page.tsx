import type { GateSession } from "authjs-lazy"
import type { Note, RefusedNote } from "../notes.js"
import { Layout } from "./layout.js"
import { NoteForm } from "./note-form.js"

/** One note, to change. */
export function notePage({ session, note, refused }: { session: GateSession; note: Note; refused?: RefusedNote }) {
  return (
    <Layout title="Edit note" session={session}>
      <h1 class="hidden">Edit note</h1>
      <NoteForm
        action={`/notes/${note.id}`}
        label="Your note"
        button="Save"
        text={refused?.text ?? note.text}
        problem={refused?.problem}
        cancel="/"
      />
    </Layout>
  )
}
