import { auth } from "./auth"

/** What the contract wants to know, of a page behind a proxy: it has no session but what next-auth finds. */
export async function page(request) {
  const own = await auth()
  const cookieSeen = request.cookies.getAll().some(({ name }) => name.includes("authjs.session-token"))
  return Response.json({ session: own, cookieSeen, own })
}
