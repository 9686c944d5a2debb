import { real } from "@/auth"
import { notebooksOf } from "@/database/notebooks"

/** Everything, to take along. */
export const GET = real.route(async ({ auth }) => {
  const notebooks = notebooksOf(auth.user.id)
  const all = (await notebooks.list()).map(async ({ id, title }) => ({ title, messages: await notebooks.messages(id) }))
  return Response.json(await Promise.all(all))
})
