import { cookies } from "next/headers"
import { forbidden, notFound, permanentRedirect, redirect, unauthorized } from "next/navigation"
import { NextResponse } from "next/server"

const ways = {
  redirect: () => redirect("/"),
  permanent: () => permanentRedirect("/"),
  notFound: () => notFound(),
  unauthorized: () => unauthorized(),
  forbidden: () => forbidden(),
  async cookieAndRedirect() {
    const jar = await cookies()
    jar.set("theme", "dark")
    redirect("/")
  },
  async signOut() {
    const jar = await cookies()
    jar.delete("authjs.session-token")
    redirect("/")
  },
  error() {
    throw new Error("expected by the test")
  },
  thrown() {
    throw new Response("thrown", { status: 409 })
  },
  nothing: () => undefined,
  next: () => NextResponse.next(),
  rewrite: (request) => NextResponse.rewrite(new URL("/", request.url)),
  immutable: (request) => Response.redirect(new URL("/", request.url)),
  shared: () => new Response("x", { headers: { "cache-control": "public, max-age=60", "set-cookie": "theme=dark" } }),
  stream: () => new Response(new Blob(["one", "two"]).stream()),
  json: () => NextResponse.json({ a: 1 }),
}

const handle = (request, context) =>
  globalThis.contract.lazy(request, context, async (gated) => ways[(await context.params).way](gated))

export { handle as GET, handle as POST }
