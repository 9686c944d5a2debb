import type { PackageManager } from "../../../doctor/app/check-auth-cores.js"
import { type App, AUTH_PACKAGES } from "../look/app.js"
import type { Driver } from "../look/database.js"

const ADD: Record<PackageManager, [add: string, dev: string, run: string]> = {
  npm: ["npm install", "npm install --save-dev", "npx"],
  pnpm: ["pnpm add", "pnpm add --save-dev", "pnpm exec"],
  yarn: ["yarn add", "yarn add --dev", "yarn"],
  bun: ["bun add", "bun add --dev", "bunx"],
}

/** Writes the call of an installed command, by the app's package manager. */
export const runBy = ({ manager }: Pick<App, "manager">, command: string): string => `${ADD[manager][2]} ${command}`

/** Writes the call of tsx, which the app need not have. */
export function runByTsx({ manager, manifest, framework }: App, command: string): string {
  const isInstalled = manifest.packages.has("tsx") || framework === "express" || framework === "hono"
  if (isInstalled) return runBy({ manager }, `tsx ${command}`)
  return `${manager === "pnpm" ? "pnpm dlx" : manager === "bun" ? "bunx" : "npx"} tsx ${command}`
}

/** Writes the commands that install what the app lacks. */
export function planInstall(app: App, driver: Driver | undefined, writesServer: boolean): string[] {
  const { framework, manifest, language, core, manager } = app
  const isNode = framework === "express" || framework === "hono"
  const wanted = [
    "authjs-lazy",
    ...(framework === "express" ? [] : [AUTH_PACKAGES[framework]]),
    "@auth/core",
    "drizzle-orm",
    ...new Set([...(driver ? [driver] : []), ...app.database.imported]),
    ...(framework === "hono" && writesServer ? ["@hono/node-server"] : []),
  ]
  const tools = [
    ...(language.typescript && isNode ? ["tsx"] : []),
    ...(language.typescript && framework === "express" ? ["@types/express"] : []),
    ...(language.typescript && driver === "pg" ? ["@types/pg"] : []),
  ]
  const missing = (names: string[]) => names.filter((name) => !manifest.packages.has(name))
  const versioned = missing(wanted).map((name) => {
    if (name === "next-auth") return "next-auth@beta"
    return name === "@auth/core" && core !== undefined ? `@auth/core@${core}` : name
  })
  const [add, dev] = ADD[manager]
  return [
    ...(versioned.length > 0 ? [`${add} ${versioned.join(" ")}`] : []),
    ...(missing(tools).length > 0 ? [`${dev} ${missing(tools).join(" ")}`] : []),
  ]
}
