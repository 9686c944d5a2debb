import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { blocksOf, namedFile, page, root } from "../docs/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { freePort } from "../setup/free-port.js"
import {
  addFiles,
  appsWithLibrary,
  type Files,
  filesIn,
  init,
  manifest,
  ownDatabase,
  ownSchema,
  ownSchemaWithLines,
  reportOf,
} from "./init-apps.js"

const alias = { "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }' }
const typescript = { "tsconfig.json": "{}" }
const next = manifest(["next", "next-auth", "drizzle-orm"])
const express = manifest(["express"])
const existingAuth = `import NextAuth from "next-auth"
import GitHub from "next-auth/providers/github"

export const { handlers, auth } = NextAuth({ providers: [GitHub] })
`
const prismaSchema =
  'datasource db {\n  provider = "postgresql"\n}\nmodel User {\n  id String @id @db.Uuid\n  email String\n}\n'

const apps: Record<string, Files> = {
  next: { ...next, ...alias },
  "next-in-src": {
    ...next,
    ...typescript,
    "src/app/page.tsx": "",
    "src/db/schema.ts": ownSchema,
    "src/db/client.ts": ownDatabase,
    "src/auth.ts": existingAuth,
  },
  "next-15": { ...next, ...typescript, "node_modules/next/package.json": '{ "version": "15.5.2" }' },
  "next-javascript": {
    ...next,
    "drizzle.config.js": 'export default { dialect: "postgresql", schema: "./schema.js" }',
  },
  express: { ...express, ...typescript },
  "express-javascript": { ...express },
  "express-on-pg": { ...manifest(["express", "pg"]), ...typescript, "db.ts": "// something else" },
  "express-on-pglite": { ...manifest(["express", "@electric-sql/pglite"]), ...typescript },
  "express-with-tables": { ...express, ...typescript, "schema.ts": ownSchemaWithLines, "db.ts": ownDatabase },
  "express-on-prisma": {
    ...manifest(["express", "@prisma/client"]),
    ...typescript,
    "prisma/schema.prisma": prismaSchema,
  },
  hono: { ...manifest(["hono"]), ...typescript },
  sveltekit: { ...manifest(["@sveltejs/kit"]), ...typescript },
  "sveltekit-javascript": manifest(["@sveltejs/kit"]),
}

let folder: string
beforeAll(async () => {
  folder = appsWithLibrary("cli-init", apps)
  for (const app of Object.keys(apps)) await init(join(folder, app), "--write")
})

/** The files that init has written into an app. */
const written = (app: string): Files =>
  Object.fromEntries(Object.entries(filesIn(join(folder, app))).filter(([path]) => !(path in (apps[app] as Files))))

describe("what init --write writes", () => {
  it("passes the type check in every kind of app, also after the lines that it could only print", async () => {
    expect(Object.keys(written("next-in-src"))).toEqual(expect.not.arrayContaining(["src/proxy.ts"]))
    const { edits } = await reportOf(join(folder, "next-in-src"))
    const wrapped = edits.find(({ place }) => place === "around the configuration")?.lines
    expect(wrapped).toEqual(expect.arrayContaining(["+export const { handlers, auth } = NextAuth(authConfig)"]))
    addFiles(join(folder, "next-in-src"), { "src/db/schema.ts": ownSchemaWithLines, "src/auth.ts": withLines(edits) })
    const { files } = await reportOf(join(folder, "next-in-src"), "--write")
    expect(files.map(({ path, state }) => `${state} ${path}`).toSorted()).toEqual([
      "written src/app/api/auth/[...nextauth]/route.ts",
      "written src/app/convert/route.ts",
      "written src/proxy.ts",
    ])

    expect(Object.keys(apps).filter((app) => Object.keys(written(app)).length < 3)).toEqual([])
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
    expect(await typeCheck(folder)).toBe("")
  }, 240_000)

  it("names each import of a server by the file that Node loads", () => {
    for (const app of ["express", "express-on-pg", "hono", "express-javascript"])
      for (const [path, text] of Object.entries(written(app)))
        for (const [, name = ""] of text.matchAll(/from "(\.[^"]*)"/g)) expect(name, `${app}/${path}`).toMatch(/\.js$/)
  })

  it.each([
    ["next", "auth.ts", "docs/next.md", "auth.ts"],
    ["next", "proxy.ts", "docs/next.md", "proxy.ts"],
    ["next", "app/api/auth/[...nextauth]/route.ts", "docs/next.md", "export const { GET, POST } = handlers"],
    ["next", "next.config.ts", "docs/next.md", "skipProxyUrlNormalize"],
    ["express", "auth.ts", "docs/guides/express.md", "auth.ts"],
    ["hono", "auth.ts", "docs/guides/hono.md", "auth.ts"],
    ["sveltekit", "src/routes/convert/+server.ts", "docs/guides/sveltekit.md", "src/routes/convert/+server.ts"],
  ])("is in %s/%s what %s says", (app, path, document, block) => {
    const said = blocksOf(page(document)).find(
      ({ file, code }) => file === block || namedFile(code) === block || code.includes(block),
    )?.code
    expect(plain(written(app)[path])).toBe(plain(said))
  })
})

it("an Express app of init keeps a visitor from the first page through an account", async () => {
  const database = await postgresDatabase()
  onTestFinished(database.close)
  const app = join(folder, "express")
  const { run } = await reportOf(app)
  expect(run).toContain("npx tsx --env-file=.env server.ts")
  const { AUTH_SECRET: _, AUTH_URL: __, ...inherited } = process.env
  const server = spawn(process.execPath, ["--import", "tsx", "--env-file=.env", "server.ts"], {
    cwd: app,
    env: { ...inherited, DATABASE_URL: database.url, PORT: String(await freePort()) },
    stdio: ["ignore", "pipe", "pipe"],
  })
  onTestFinished(() => stop(server))
  const browser = new Browser(await originOf(server))

  const first = await (await browser.visit("/")).text()
  expect(first).toMatch(/^You are guest-\w{10}\.$/)
  expect(await (await browser.visit("/")).text()).toBe(first)
  expect((await browser.visit("/settings")).status).toBe(403)
  const form = { csrfToken: await browser.csrfToken(), username: "ada", password, passwordConfirm: password }
  expect((await browser.visit("/convert", { form })).status).toBe(303)
  expect(await (await browser.visit("/settings")).text()).toBe("Only real users have settings.")
  expect(await (await browser.visit("/")).text()).toBe("You are ada.")
})

/** The configuration of next-in-src, as its owner writes it by what init printed. */
function withLines(edits: { path: string; place: string; lines: string[] }[]): string {
  const of = (start: string) => {
    const { lines } = edits.find(({ path, place }) => path === "src/auth.ts" && place.startsWith(start)) ?? {
      lines: [],
    }
    return lines.filter((line) => line.startsWith("+")).map((line) => line.slice(1))
  }
  const [open, close, ...rest] = of("around the configuration")
  return [
    'import NextAuth from "next-auth"\nimport GitHub from "next-auth/providers/github"',
    ...of("with the imports"),
    open,
    ...of("in the configuration"),
    "providers: [GitHub,",
    ...of("at the start of the providers"),
    "],",
    close,
    ...rest,
  ].join("\n")
}

/** Code without the paths of its imports, and without its name in a comment on the first line. */
const plain = (code = "") =>
  code.replace(/^\/\/ \S+\n/, "").replaceAll(/from "(?:\.\.?|@|\$lib)\/(?:[\w.-]+\/)*(\w+)(?:\.js)?"/g, 'from "$1"')

const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    module: "preserve",
    moduleResolution: "bundler",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    isolatedModules: true,
    noEmit: true,
    paths: { "@/*": ["./next/*"] },
  },
  include: ["*/**/*.ts", "*/**/*.js", "*/**/*.mjs"],
  exclude: ["**/node_modules"],
}

function typeCheck(folder: string): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    )
  })
}

async function originOf(server: ChildProcess): Promise<string> {
  const errors: string[] = []
  server.stderr?.on("data", (chunk) => errors.push(String(chunk)))
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    if (!/^http:\/\/localhost:\d+$/.test(line)) continue
    server.stdout?.resume()
    return line
  }
  throw new Error(`The app did not start: ${errors.join("")}`)
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  const gone = once(server, "exit")
  server.kill()
  await gone
}
