import { type Actions, redirect, type ServerLoad } from "@sveltejs/kit"
import { addNote, notesOf } from "../lib/server/db.js"

export const load: ServerLoad = async ({ locals }) => {
  const session = await locals.auth()
  return { session, notes: session ? await notesOf(session.user.id) : [] }
}

export const actions: Actions = {
  default: async ({ locals, request }) => {
    const session = await locals.auth()
    const form = await request.formData()
    if (session) await addNote(session.user.id, String(form.get("text")))
    redirect(303, "/")
  },
}
