import { redirect } from "@sveltejs/kit"

export async function load({ locals, fetch, request }) {
  const session = await locals.auth()
  const inside = await (
    await fetch("/", { headers: { "x-contract-port": request.headers.get("x-contract-port") } })
  ).json()
  return { id: session?.user.id, inside: inside.session?.user.id }
}

export const actions = {
  who: async ({ locals }) => ({ id: (await locals.auth())?.user.id }),
  leave: async ({ cookies }) => {
    cookies.delete("authjs.session-token", { path: "/" })
    redirect(303, "/page")
  },
}
