import { notFound } from "next/navigation"
import { client, lazy } from "../../../auth"

export const GET = lazy.route(async ({ auth }) => {
  if (!auth) return Response.json([])
  return Response.json(await client`select text from note where "userId" = ${auth.user.id} order by text`)
})

export const POST = lazy.route(async (request) => {
  if (!request.auth) return new Response(null, { status: 403 })
  const body = await request.text()
  if (body === "") notFound()
  const text = JSON.parse(body) as string
  await client`insert into note ("userId", text) values (${request.auth.user.id}, ${text})`
  return Response.json({ isLazy: request.auth.user.isLazy })
})
