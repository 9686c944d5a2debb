import { LazySetupError } from "../../../errors.js"
import type { App } from "../look/app.js"
import { lineAt } from "../look/source-text.js"
import { importName } from "../templates/imports.js"
import { convertRoute, handlersRoute, nextConfig, proxyModule } from "../templates/next.js"
import { type AuthPlan, extensionOf } from "./auth.js"
import type { Edit, PlannedFile } from "./types.js"

/** What a Next.js app lacks beside its configuration of Auth.js. */
export interface FrameworkPlan {
  files: PlannedFile[]
  edits: Edit[]
  notes: string[]
}

const LOWEST_WITH_PROXY = 16
const LOWEST = 14

/** Plans the routes, the proxy and the setting of a Next.js app. */
export function planNext(app: App, auth: AuthPlan): FrameworkPlan {
  if (/^4(?:\.|$)/.test(app.nextAuth ?? ""))
    throw new LazySetupError(
      "init: this app has next-auth 4, and authjs-lazy needs next-auth 5. Nothing was written. Follow https://authjs.dev/getting-started/migrating-to-v5, then run init again.",
    )
  const major = Number.parseInt(app.version ?? "", 10)
  const notes = Number.isNaN(major)
    ? ["Which Next.js this is: package.json names no version. The files are those for Next.js 16."]
    : []
  if (major < LOWEST)
    throw new LazySetupError(`init: this app has Next.js ${app.version}. authjs-lazy needs 14.2 or newer.`)
  const plan: FrameworkPlan = { files: routes(app, auth), edits: [], notes }
  if (/^15(?:\.x)?$/.test(app.version ?? ""))
    notes.push(
      "Whether this Next.js is 15.5 or newer, which runs middleware on Node. An older one can't reach PostgreSQL from it: upgrade, or remove middleware.ts and gate by lazy.route(…) and lazy.session().",
    )
  if (!runsGate(app.version))
    notes.push(
      `A gate before pages: Next.js ${app.version} can't run one that reaches PostgreSQL. Gate route handlers and server actions by lazy.route(…) and lazy.session(), or upgrade to 15.5 or newer and run init again: "Next.js" in node_modules/authjs-lazy/docs/versions.md.`,
    )
  else {
    const name = major < LOWEST_WITH_PROXY ? "middleware" : "proxy"
    planProxy(app, auth, name, plan)
    planSetting(app, name === "proxy" ? "skipProxyUrlNormalize" : "skipMiddlewareUrlNormalize", plan)
  }
  return plan
}

/** Tells whether what Next.js runs before pages runs on Node: from 15.5 on, as far as is known. */
function runsGate(version = ""): boolean {
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(version) ?? []
  if (major === undefined || Number(major) >= LOWEST_WITH_PROXY) return true
  return Number(major) === LOWEST_WITH_PROXY - 1 && (minor === undefined || Number(minor) >= 5)
}

function routes(app: App, auth: AuthPlan): PlannedFile[] {
  const { sources, base, language } = app
  const paths = [...sources.paths]
  const has = (pattern: RegExp) => paths.some((path) => pattern.test(path))
  const end = extensionOf("next", language)
  const planned: PlannedFile[] = []
  if (!has(/(?:^|\/)(?:app|pages)\/(?:.*\/)?api\/auth\/\[\.\.\.\w+\](?:\/route)?\.[jt]sx?$/)) {
    const path = `${base}app/api/auth/[...nextauth]/route${end}`
    planned.push({ path, content: handlersRoute(importName(app, path, auth.path)), waitsFor: auth.waitsFor })
  }
  if (!app.auth.convert && !has(/(?:^|\/)app\/(?:\([^/]+\)\/)*convert\/(?:page|route)\.[jt]sx?$/)) {
    const path = `${base}app/convert/route${end}`
    const content = convertRoute(importName(app, path, auth.path), auth.config)
    planned.push({ path, content, waitsFor: auth.waitsFor })
  }
  return planned
}

function planProxy(app: App, auth: AuthPlan, name: "proxy" | "middleware", plan: FrameworkPlan): void {
  const { proxy, base, language } = app
  if (!proxy) {
    const path = `${base}${name}${extensionOf("next", language)}`
    const from = importName(app, path, auth.path)
    const content = proxyModule({ name, auth: from, config: auth.config, gate: auth.gate })
    plan.files.push({ path, content, waitsFor: auth.waitsFor })
    plan.notes.push(`Which pages are worth a user: ${path} has only the home page. Name yours in its matcher.`)
    return
  }
  if (/\.proxy\b|\ballowLazy\b/.test(proxy.code)) return
  const from = importName(app, proxy.path, auth.path)
  const renames = name === "proxy" && /middleware\.\w+$/.test(proxy.path)
  plan.edits.push({
    path: proxy.path,
    place: renames
      ? `in the file, renamed to ${proxy.path.replace("middleware", "proxy")}, which Next.js 16 runs on Node`
      : "in the file: what it does today goes behind the gate",
    lines: [
      `+import { ${auth.gate ?? auth.config} } from "${from}"`,
      `+export function ${name}(${language.typescript ? "request: NextRequest, event: NextFetchEvent" : "request, event"}) {`,
      `+  return ${auth.gate ?? `allowLazy(${auth.config})`}.proxy(request, event, (request) => {`,
      "     … what the file does today; request.auth has the session, and returning nothing goes on to the page …",
      "+  })",
      "+}",
      ...(name === "middleware" && !proxy.code.includes("nodejs")
        ? ["+  // In the object that config exports:", '+  runtime: "nodejs",']
        : []),
    ],
  })
}

function planSetting({ sources, language }: App, setting: string, plan: FrameworkPlan): void {
  const config = sources.files.find(({ path }) => /^next\.config\.[cm]?[jt]s$/.test(path))
  if (!config) {
    // Next.js reads a configuration in TypeScript since 15.
    const path = language.typescript ? "next.config.ts" : "next.config.mjs"
    plan.files.push({ path, content: nextConfig(setting, language.typescript), waitsFor: [] })
  } else if (!config.code.includes(setting)) {
    const object =
      /\b(?:const|let)\s+\w*[cC]onfig\b[^=;]*=\s*\{|\bexport\s+default\s*\{|\bmodule\.exports\s*=\s*\{/.exec(
        config.code,
      )
    plan.edits.push({
      path: config.path,
      ...(object && { line: lineAt(config.code, object.index) }),
      place: "in the configuration",
      lines: ["+  // So that the gate can tell a page that is loaded ahead from a click.", `+  ${setting}: true,`],
    })
  }
}
