import { outdent } from "../look/source-text.js"
import { importLine, jsDocType } from "./imports.js"

/** Writes the hooks of a SvelteKit app. */
export function svelteHooks(auth: string, config: string, typescript: boolean): string {
  const typed = typing(typescript)
  return outdent(`
    import { SvelteKitAuth } from "@auth/sveltekit"${typed.importing("Handle")}
    import { sequence } from "@sveltejs/kit/hooks"
    import { allowLazy, requireReal } from "authjs-lazy/sveltekit"
    ${importLine([config], auth)}

    const { handle: authHandle } = SvelteKitAuth(async (event) => ${config}(event))

    // Everyone who opens the home page is a user from there on.
    ${typescript ? "" : RECORD}const gates${typescript ? ": Record<string, Handle>" : ""} = {
      "/": allowLazy(${config}),
      "/account": requireReal(${config}, { redirectTo: "/convert" }),
    }

    ${typed.before("Handle")}const gateHandle${typed.after("Handle")} = ({ event, resolve }) => {
      const gate = gates[event.route.id ?? ""]
      return gate ? gate({ event, resolve }) : resolve(event)
    }

    export const handle = sequence(authHandle, gateHandle)
  `)
}

/** Writes the route of the convert page in a SvelteKit app. */
export function svelteConvert(auth: string, config: string, typescript: boolean): string {
  const typed = typing(typescript)
  return outdent(`${typed.importing("RequestHandler")}
    import { convertPage } from "authjs-lazy/pages"
    ${importLine([config], auth)}

    const convert = convertPage(${config})

    ${typed.before("RequestHandler")}export const GET${typed.after("RequestHandler")} = (event) => convert(event.request, event)
    export const POST = GET
  `)
}

const KIT = "@sveltejs/kit"
const RECORD = `${jsDocType(KIT, "Handle").replace("{", "{Record<string, ").replace("} */", ">} */")}\n    `

/** The ways of naming a type of SvelteKit: an annotation in TypeScript, a comment in JavaScript. */
function typing(typescript: boolean) {
  return {
    importing: (type: string) => (typescript ? `\n    import type { ${type} } from "${KIT}"` : ""),
    before: (type: string) => (typescript ? "" : `${jsDocType(KIT, type)}\n    `),
    after: (type: string) => (typescript ? `: ${type}` : ""),
  }
}
