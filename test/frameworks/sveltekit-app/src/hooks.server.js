import { SvelteKitAuth } from "@auth/sveltekit"
import { error, redirect } from "@sveltejs/kit"
import { sequence } from "@sveltejs/kit/hooks"
import { allowLazy } from "authjs-lazy/sveltekit"

// The tests run in this process, and leave here, by the port, what each app is made of; while SvelteKit builds there are none.
const appOf = (event) => globalThis.contractApps?.get(event.request.headers.get("x-contract-port"))

const nobody = allowLazy(() => {
  throw new Error("Somebody was to be signed in while SvelteKit builds.")
})

const { handle: authHandle } = SvelteKitAuth(async (event) => appOf(event).auth(event))

/** The mistake of an app that builds its configuration once, where a header asks for it: one for all visitors. */
const shared = new Map()
function sharedHandle({ event, resolve }) {
  const port = event.request.headers.get("x-contract-port")
  if (!event.request.headers.has("x-shared")) return resolve(event)
  if (!shared.has(port)) shared.set(port, SvelteKitAuth(appOf(event).auth()).handle)
  return shared.get(port)({ event, resolve })
}

function gateHandle({ event, resolve }) {
  const app = appOf(event)
  if (!app) return nobody({ event, resolve })
  const gate = event.url.searchParams.has("ungated") ? undefined : (app.gates[event.route.id] ?? app.gates["/"])
  return gate ? gate({ event, resolve }) : resolve(event)
}

/** A handle of the app's own, behind the gate; it ends in ways of its own where it is asked to. */
function ownHandle({ event, resolve }) {
  if (event.route.id !== "/hooked") return resolve(event)
  const ways = {
    answer: () => new Response("from a handle", { status: 403 }),
    redirect: () => redirect(303, "/"),
    error: () => error(410, "gone"),
    thrown() {
      throw new Error("expected by the test")
    },
  }
  return ways[event.url.searchParams.get("way")]()
}

export const handle = sequence(sharedHandle, authHandle, gateHandle, ownHandle)

export const handleError = ({ error }) => ({ message: error.name })
