import type { App } from "../look/app.js"
import { lineAt } from "../look/source-text.js"
import { importLine, importName } from "../templates/imports.js"
import { expressServer, honoServer } from "../templates/server.js"
import { svelteConvert, svelteHooks } from "../templates/sveltekit.js"
import { type AuthPlan, extensionOf } from "./auth.js"
import type { FrameworkPlan } from "./next.js"

/** Plans the hooks and the convert route of a SvelteKit app. */
export function planSvelteKit(app: App, auth: AuthPlan): FrameworkPlan {
  const { sources, language } = app
  const plan: FrameworkPlan = { files: [], edits: [], notes: [] }
  const end = extensionOf("sveltekit", language)
  const hooks = sources.files.find(({ path }) => /^src\/hooks\.server(?:\/index)?\.[jt]s$/.test(path))
  if (!hooks) {
    const path = `src/hooks.server${end}`
    const content = svelteHooks(importName(app, path, auth.path), auth.config, language.typescript)
    plan.files.push({ path, content, waitsFor: auth.waitsFor })
    plan.notes.push(
      `Which pages are worth a user: ${path} has only the home page. Name your routes in its list of gates.`,
    )
  } else if (!app.auth.hasGate)
    plan.edits.push({
      path: hooks.path,
      place: "in the file: the handle of Auth.js comes first, then the gates, then yours",
      lines: [
        '+import { SvelteKitAuth } from "@auth/sveltekit"',
        '+import { sequence } from "@sveltejs/kit/hooks"',
        '+import { allowLazy } from "authjs-lazy/sveltekit"',
        `+${importLine([auth.config], importName(app, hooks.path, auth.path))}`,
        `+const { handle: authHandle } = SvelteKitAuth(async (event) => ${auth.config}(event))`,
        `+const lazy = allowLazy(${auth.config})`,
        '+const gateHandle = ({ event, resolve }) => (event.route.id === "/" ? lazy({ event, resolve }) : resolve(event))',
        "+export const handle = sequence(authHandle, gateHandle, … the handle that the file exports today …)",
      ],
    })
  if (!app.auth.convert) {
    const path = `src/routes/convert/+server${end}`
    const content = svelteConvert(importName(app, path, auth.path), auth.config, language.typescript)
    plan.files.push({ path, content, waitsFor: auth.waitsFor })
  }
  return plan
}

/** Plans the server of an Express or Hono app. */
export function planServer(app: App, auth: AuthPlan): FrameworkPlan {
  const { framework, language, server, base, manifest } = app
  const plan: FrameworkPlan = { files: [], edits: [], notes: [] }
  if (language.typescript && !manifest.isModule)
    plan.notes.push(
      'Whether your server is an ES module, as authjs-lazy is: package.json has no "type": "module". Without it, use Node 20.19 or newer, and with "module": "nodenext" TypeScript 5.8 or newer.',
    )
  if (server) {
    planLines(app, auth, plan)
    return plan
  }
  const path = `${base}server${extensionOf(framework, language)}`
  const from = importName(app, path, auth.path)
  const content = framework === "express" ? expressServer(from) : honoServer(from)
  plan.files.push({ path, content: content.replaceAll(/\bauthConfig\b/g, auth.config), waitsFor: auth.waitsFor })
  return plan
}

function planLines(app: App, auth: AuthPlan, plan: FrameworkPlan): void {
  const { framework, manifest, language } = app
  const server = app.server as NonNullable<App["server"]>
  const made = STARTED.exec(server.code)
  const name = made?.[1] ?? "app"
  const isExpress = framework === "express"
  const hasAuth = /\b(?:expressAuth|ExpressAuth|authHandler)\s*\(/.test(server.code)
  const names = [
    ...(app.auth.hasGate ? [] : ["allowLazy"]),
    ...(isExpress && !hasAuth ? ["expressAuth"] : []),
    ...(isExpress && !app.auth.convert ? ["webHandler"] : []),
  ]
  const imports = [
    ...(names.length > 0 ? [importLine(names, `authjs-lazy/${framework}`)] : []),
    ...(hasAuth || isExpress ? [] : ['import { authHandler, initAuthConfig } from "@hono/auth-js"']),
    ...(app.auth.convert ? [] : [importLine(["convertPage"], "authjs-lazy/pages")]),
  ]
  const lines = isExpress ? expressLines(app, auth, name, hasAuth) : honoLines(app, auth, name, hasAuth)
  if (lines.length === 0) return
  const own = server.path === auth.path ? [] : [importLine([auth.config], importName(app, server.path, auth.path))]
  plan.edits.push(
    { path: server.path, line: 1, place: "with the imports", lines: [...imports, ...own].map((line) => `+${line}`) },
    {
      path: server.path,
      ...(made && { line: lineAt(server.code, made.index) }),
      place: `below the line that makes ${name}, and before anything that answers every request`,
      lines: lines.map((line) => `+${line}`),
    },
  )
  if (!app.auth.hasGate)
    plan.notes.push(`Which pages are worth a user: put allowLazy(${auth.config}) in front of them.`)
  if (!language.typescript && !manifest.isModule && /\brequire\s*\(/.test(server.code))
    plan.notes.push(
      `${server.path} is CommonJS, and authjs-lazy an ES module. Node 20.19 and newer load it by require: write const { … } = require("…") in place of the imports.`,
    )
}

const STARTED = /\b(\w+)\s*(?::[^=\n]+)?=\s*(?:express\s*\(\s*\)|new\s+(?:Hono|OpenAPIHono)\b)/

function expressLines({ auth: facts }: App, { config }: AuthPlan, name: string, hasAuth: boolean): string[] {
  return [
    ...(hasAuth ? [] : [`${name}.use("/auth", expressAuth(${config}))`]),
    ...(facts.convert ? [] : [`${name}.all("/convert", webHandler(convertPage(${config})))`]),
    ...(facts.hasGate
      ? []
      : ["// In front of each page that is worth a user:", `${name}.get("/", allowLazy(${config}), …)`]),
  ]
}

function honoLines({ auth: facts }: App, { config }: AuthPlan, name: string, hasAuth: boolean): string[] {
  return [
    ...(hasAuth
      ? []
      : [`${name}.use("*", initAuthConfig((c) => ${config}(c)))`, `${name}.use("/auth/*", authHandler())`]),
    ...(facts.convert
      ? []
      : [`const convert = convertPage(${config})`, `${name}.all("/convert", (c) => convert(c.req.raw, c))`]),
    ...(facts.hasGate
      ? []
      : ["// In front of each page that is worth a user:", `${name}.get("/", allowLazy(${config}), …)`]),
  ]
}
