import { SvelteKitAuth } from "@auth/sveltekit"
import type { Handle, ServerInit } from "@sveltejs/kit"
import { sequence } from "@sveltejs/kit/hooks"
import { allowLazy, requireReal } from "authjs-lazy/sveltekit"
import { building } from "$app/environment"
import { authConfig } from "./lib/server/auth.js"
import { createTables } from "./lib/server/db.js"

export const init: ServerInit = async () => {
  if (!building) await createTables()
}

const { handle: authHandle } = SvelteKitAuth(async (event) => authConfig(event))

// Everyone who opens the home page is a user from there on.
const gates: Record<string, Handle> = {
  "/": allowLazy(authConfig),
  "/account": requireReal(authConfig, { redirectTo: "/convert" }),
}

const gateHandle: Handle = ({ event, resolve }) => {
  const gate = gates[event.route.id ?? ""]
  return gate ? gate({ event, resolve }) : resolve(event)
}

export const handle = sequence(authHandle, gateHandle)
