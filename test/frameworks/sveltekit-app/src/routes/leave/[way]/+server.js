import { error, json, redirect } from "@sveltejs/kit"

const ways = {
  redirect: () => redirect(303, "/"),
  error: () => error(403, "not yours"),
  thrown() {
    throw new Error("expected by the test")
  },
  immutable: ({ url }) => Response.redirect(new URL("/", url)),
  shared: () => new Response("x", { headers: { "cache-control": "public, max-age=60", "set-cookie": "theme=dark" } }),
  stream: () => new Response(new Blob(["one", "two"]).stream()),
  json: () => json({ a: 1 }),
  cookie({ cookies }) {
    cookies.set("theme", "dark", { path: "/" })
    return new Response("x")
  },
  signOut({ cookies }) {
    cookies.delete("authjs.session-token", { path: "/" })
    redirect(303, "/")
  },
}

const handle = (event) => ways[event.params.way](event)

export { handle as GET, handle as POST }
