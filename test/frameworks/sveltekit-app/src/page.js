import { json } from "@sveltejs/kit"

/** What the contract wants its pages to say. */
export async function page({ locals, request, cookies }) {
  const own = await locals.auth()
  const cookie = request.headers.get("cookie") ?? ""
  const seen = cookies.getAll().some(({ name }) => name.includes("authjs.session-token"))
  return json({ session: own, cookieSeen: seen && cookie.includes("authjs.session-token"), own })
}
