import { lazy } from "../../../auth"

const answer = lazy.route(async (request) => {
  const body = request.method === "POST" ? await request.text() : undefined
  return Response.json({ auth: request.auth, cookies: request.cookies.getAll().map(({ name }) => name), body })
})

export { answer as GET, answer as POST }
