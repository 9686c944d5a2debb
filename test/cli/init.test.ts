import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { writeFiles } from "../../src/cli/init/write.js"
import { page, root } from "../docs/pages.js"
import {
  addFiles,
  appOf,
  filesIn,
  init,
  linesOf,
  manifest,
  ownDatabase,
  ownSchema,
  ownSchemaWithLines,
  reportOf,
} from "./init-apps.js"

const nextApp = manifest(["next", "next-auth", "drizzle-orm", "postgres", "typescript"])
const express = manifest(["express", "typescript"])

describe("what init says of an app", () => {
  it("names each missing file of a fresh Next.js app, writes none, and exits with 3", async () => {
    const app = appOf({
      ...nextApp,
      "app/page.tsx": "",
      "tsconfig.json": `{ "compilerOptions": { "paths": { "@/*": ["./*"] }, } } // why`,
    })
    const before = filesIn(app)
    const { code, stdout, stderr } = await init(app)
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" })
    for (const path of [
      "auth.ts",
      "db.ts",
      "proxy.ts",
      "app/convert/route.ts",
      "app/api/auth/[...nextauth]/route.ts",
      "next.config.ts",
    ])
      expect(stdout).toContain(`  ${path}\n`)
    expect(stdout).toContain("Which pages are worth a user")
    expect(stdout).toContain('    | import { authConfig } from "@/auth"')
    expect(filesIn(app)).toEqual(before)
  })

  it("is complete after --write, and says so with exit code 0", async () => {
    const app = appOf(express)
    expect((await init(app, "--write")).code).toBe(0)
    const again = await reportOf(app, "--write")
    expect(again.install[0]).toContain(" postgres")
    expect(again).toMatchObject({ files: [], edits: [], secret: "found" })
    expect((await init(app)).code).toBe(0)
  })

  it.each([
    ["package-lock.json", "npm install authjs-lazy", "npx authjs-lazy migrate"],
    ["pnpm-lock.yaml", "pnpm add authjs-lazy", "pnpm exec authjs-lazy migrate"],
    ["yarn.lock", "yarn add authjs-lazy", "yarn authjs-lazy migrate"],
    ["bun.lock", "bun add authjs-lazy", "bunx authjs-lazy migrate"],
  ])("installs by the package manager of %s, which may lie above a package", async (lock, add, migrate) => {
    const app = appOf({ [lock]: "", "apps/web/package.json": express["package.json"] as string })
    const { install, run } = await reportOf(join(app, "apps/web"))
    expect(install[0]).toMatch(new RegExp(`^${add} @auth/core drizzle-orm postgres$`))
    expect(run[0]).toContain(migrate)
    expect(run.at(-1)).toContain(migrate.replace("authjs-lazy migrate", "tsx --env-file=.env node_modules/"))
  })

  it("takes the version of @auth/core that the installed next-auth wants", async () => {
    const wants = JSON.stringify({ version: "5.0.0-beta.29", dependencies: { "@auth/core": "0.40.0" } })
    const app = appOf({ ...nextApp, "node_modules/next-auth/package.json": wants })
    expect((await reportOf(app)).install).toEqual(["npm install authjs-lazy @auth/core@0.40.0"])
  })

  it.each([
    ["16.4.5", "proxy.ts", "export const proxy = lazy.proxy", "skipProxyUrlNormalize"],
    ["15.5.2", "middleware.ts", "export const middleware = lazy.proxy\n", "skipMiddlewareUrlNormalize"],
  ])("writes what Next.js %s reads", async (version, file, line, setting) => {
    const app = appOf({ ...nextApp, "node_modules/next/package.json": JSON.stringify({ version }) })
    const { files } = await reportOf(app)
    const proxy = files.find(({ path }) => path === file)
    expect(proxy?.content).toContain(line)
    expect(proxy?.content.includes('runtime: "nodejs"')).toBe(file === "middleware.ts")
    expect(files.find(({ path }) => path === "next.config.ts")?.content).toContain(`${setting}: true`)
  })

  it("takes a range for the newest that it allows, and says what depends on it", async () => {
    const app = appOf({ "package.json": JSON.stringify({ dependencies: { next: "^15.1.0", typescript: "^5.0.0" } }) })
    const { files, notes } = await reportOf(app)
    expect(files.map(({ path }) => path)).toContain("middleware.ts")
    expect(notes.join("\n")).toContain("Whether this Next.js is 15.5 or newer")
  })

  it.each(["14.2.0", "15.4.9"])(
    "writes no middleware for Next.js %s, which can't reach PostgreSQL from it",
    async (version) => {
      const app = appOf({ ...nextApp, "node_modules/next/package.json": JSON.stringify({ version }) })
      const { files, notes } = await reportOf(app)
      expect(files.map(({ path }) => path).filter((path) => /middleware|proxy|next\.config/.test(path))).toEqual([])
      expect(notes.join("\n")).toContain(`Next.js ${version} can't run one`)
    },
  )

  it("keeps to src, to JavaScript, and to the schema that drizzle-kit reads", async () => {
    const app = appOf({
      ...manifest(["next", "next-auth"]),
      "src/app/layout.jsx": "",
      "drizzle.config.js": 'export default { dialect: "postgresql", schema: "./src/tables/index.js" }',
    })
    const { files, run } = await reportOf(app)
    expect(files.map(({ path }) => path).toSorted()).toEqual([
      ".gitignore",
      "next.config.mjs",
      "src/app/api/auth/[...nextauth]/route.js",
      "src/app/convert/route.js",
      "src/auth.js",
      "src/db.js",
      "src/proxy.js",
      "src/tables/index.js",
    ])
    expect(run.slice(0, 2)).toEqual(["npx drizzle-kit generate", "npx drizzle-kit migrate"])
  })

  it("adds lines to a schema and a configuration that are there, with file and line, and changes neither", async () => {
    const auth = `import { DrizzleAdapter } from "@auth/drizzle-adapter"
import NextAuth from "next-auth"
import GitHub from "next-auth/providers/github"
import { db } from "./db/index"

export const { handlers, auth } = NextAuth({
  adapter: DrizzleAdapter(db),
  providers: [GitHub],
})
`
    const own = { ...nextApp, "src/auth.ts": auth, "src/db/index.ts": ownDatabase, "src/db/schema.ts": ownSchema }
    const proxied = {
      ...own,
      "src/middleware.ts": 'export { auth as middleware } from "./auth"',
      "next.config.mjs": "export default {}",
    }
    const app = appOf(proxied)
    const report = await reportOf(app, "--write")
    const places = report.edits.map(({ path, line }) => `${path}:${line}`)
    expect(places).toEqual(
      expect.arrayContaining([
        "src/db/schema.ts:1",
        "src/db/schema.ts:10",
        "src/auth.ts:6",
        "src/auth.ts:7",
        "src/auth.ts:8",
      ]),
    )
    expect(linesOf(report)).toEqual(
      expect.arrayContaining([
        "+    ...lazyColumns(),",
        '+  (user) => [lazyIndex(user, "users_lazy_idx")],',
        '+  userId: uuid("userId")',
        "-export const { handlers, auth } = NextAuth({",
        "+export const authConfig = withLazy({",
        "+export const { handlers, auth } = NextAuth(authConfig)",
        "-  adapter: DrizzleAdapter(db),",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code, and the app fills the id in.
        "+    LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` }),",
        "+  skipProxyUrlNormalize: true,",
      ]),
    )
    expect(report.edits.find(({ path }) => path === "src/middleware.ts")?.place).toContain("renamed to src/proxy.ts")
    const after = filesIn(app)
    expect(after).toMatchObject(proxied)
    // What imports the configuration would not compile yet.
    expect(report.files.filter(({ state }) => state !== "waiting").map(({ path }) => path)).toEqual([".gitignore"])
    expect(Object.keys(after).filter((path) => !(path in proxied))).toEqual([".env.local", ".gitignore"])
  })

  it("follows a configuration to its own file, and the alias of its imports", async () => {
    const app = appOf({
      ...nextApp,
      "tsconfig.json": '{ "compilerOptions": { /* why */ "baseUrl": ".", "paths": { "~/*": ["./src/*"] } } }',
      "src/app/page.tsx": "",
      "src/server/db.ts": ownDatabase,
      "src/server/schema.ts": ownSchema
        .replaceAll("pgTable(", "createTable(")
        .replace("pgTable,", "pgTableCreator,")
        .replace("// export", "const createTable = pgTableCreator((name) => name)\n// export"),
      "src/server/auth/config.ts": "export const authConfig = {\n  providers: [],\n} satisfies NextAuthConfig",
      "src/server/auth/index.ts":
        "const { auth: uncached, handlers } = NextAuth(authConfig)\nexport { uncached, handlers }",
    })
    const { edits, files } = await reportOf(app)
    const at = (path: string, line: number) => edits.find((edit) => edit.path === path && edit.line === line)?.lines
    expect(at("src/server/auth/config.ts", 1)).toContain('+import { db } from "~/server/db"')
    expect(at("src/server/auth/config.ts", 2)).toContain("+    PasswordProvider(),")
    expect(edits.flatMap(({ lines }) => lines)).toEqual(
      expect.arrayContaining([
        "-const { auth: uncached, handlers } = NextAuth(authConfig)",
        "+export const lazyAuth = withLazy(authConfig)",
        "+const { auth: uncached, handlers } = NextAuth(lazyAuth)",
        '+export const passwords = createTable("passwords", {',
      ]),
    )
    const convert = files.find(({ path }) => path === "src/app/convert/route.ts")
    expect(convert?.content).toContain('import { lazyAuth } from "~/server/auth"')
  })

  it("writes the configuration once the lines are in the schema", async () => {
    const app = appOf({ ...express, ".gitignore": ".env", "db.ts": ownDatabase, "schema.ts": ownSchema })
    expect((await reportOf(app, "--write")).files.map(({ state }) => state)).toEqual(["waiting", "waiting"])
    addFiles(app, { "schema.ts": ownSchemaWithLines })
    const report = await reportOf(app, "--write")
    expect(report.files.map(({ path, state }) => [path, state])).toEqual([
      ["auth.ts", "written"],
      ["server.ts", "written"],
    ])
    expect(filesIn(app)["auth.ts"]).toContain("usersTable: users,\n    accountsTable: accounts,")
  })

  it("adds lines to a server that is there", async () => {
    const server = 'import express from "express"\n\nconst web = express()\nweb.listen(3000)\n'
    const report = await reportOf(appOf({ ...express, "src/index.ts": server }))
    expect(report.edits.find(({ line }) => line === 3)?.lines).toContain('+web.use("/auth", expressAuth(authConfig))')
    expect(report.files.map(({ path }) => path)).toEqual([".gitignore", "src/db.ts", "src/auth.ts"])
  })

  it("points an app made from the chatbot template to its page, and writes nothing", async () => {
    const files = {
      ...manifest(["next", "next-auth", "drizzle-orm", "postgres"], {}),
      "app/(auth)/auth.ts": 'export const { auth } = NextAuth({ providers: [Credentials({ id: "guest" })] })',
      "lib/db/schema.ts": 'import { pgTable } from "drizzle-orm/pg-core"',
    }
    const app = appOf(files)
    const { code, stdout } = await init(app, "--write")
    expect(code).toBe(3)
    expect(stdout).toContain("docs/migrating-from-the-chatbot-template.md")
    expect(stdout).toContain("adopt")
    expect(filesIn(app)).toEqual(files)
  })

  it("asks what it can't tell: of two databases, of two tables of users", async () => {
    const app = appOf({ ...express, "a.ts": ownDatabase, "b.ts": ownDatabase, "c.ts": ownSchema, "d.ts": ownSchema })
    const report = await reportOf(app, "--write")
    expect(report.notes.join("\n")).toContain("Which table has the users: users (c.ts) or users (d.ts)")
    expect(report.files.find(({ path }) => path === "auth.ts")).toMatchObject({
      state: "waiting",
      waitsFor: ["your choice of the database: db in a.ts or db in b.ts"],
    })
  })

  it("plans no file outside of the app, where drizzle-kit reads the schema of another package", async () => {
    const config = 'export default { dialect: "postgresql", schema: "../db/src/schema.ts" }'
    const report = await reportOf(appOf({ ...nextApp, "drizzle.config.ts": config }), "--write")
    expect(report.files.every(({ path, state }) => !path.startsWith("..") && state === "written")).toBe(true)
    expect(report.edits.map(({ path }) => path)).toEqual(["your schema"])
  })

  it("names pages and sections of the documentation that are there", () => {
    const sources = Object.entries(filesIn(join(root, "src/cli/init")))
    const named = sources.flatMap(([, text]) =>
      [...text.matchAll(/authjs-lazy\/(docs\/[\w-]+\.md)/g)].map(([, path]) => path),
    )
    expect(named.length).toBeGreaterThan(5)
    for (const path of named) expect(page(path as string).text).not.toBe("")
    for (const [path, heading] of [
      ["getting-started", "Other servers"],
      ["own-tables", "Rules that must be there"],
      ["versions", "Next.js"],
    ])
      expect(page(`docs/${path}.md`).text).toMatch(new RegExp(`^##+ ${heading}$`, "m"))
  })

  it("gives Prisma's models the fields they lack, and prismaTables what differs", async () => {
    const schema = `datasource db {
  provider = "postgresql"
}
model User {
  id    String  @id @default(cuid())
  email String  @unique
  name  String? @map("full_name")
  role  String
  @@map("users")
}
model Session {
  id           String   @id @default(cuid())
  sessionToken String   @unique
  userId       String
  expires      DateTime
}
`
    const report = await reportOf(appOf({ ...manifest(["express", "@prisma/client"]), "prisma/schema.prisma": schema }))
    expect(report.edits[0]).toMatchObject({
      path: "prisma/schema.prisma",
      line: 10,
      place: expect.stringContaining("at the end of model User"),
    })
    expect(linesOf(report)).toEqual(expect.arrayContaining(["+  lazySince   DateTime?", "+model Password {"]))
    const auth = report.files.find(({ path }) => path === "auth.js")?.content
    expect(auth).toContain(
      'prismaTables({ emailRequired: true, User: { table: "users", columns: { name: "full_name", emailVerified: false, image: false, updatedAt: false } }, Session: { columns: { id: true, updatedAt: false } } })',
    )
    expect(report.notes.join("\n")).toContain("What lazy users have in User.role (prisma/schema.prisma)")
    expect(report.run[0]).toBe("npx prisma migrate dev --name lazy_users")
  })
})

describe("where init stops, with one line and exit code 1", () => {
  const sqlite = 'import { sqliteTable } from "drizzle-orm/sqlite-core"'
  it.each([
    ["no package.json", {}, "no package.json"],
    ["a package.json that is none", { "package.json": "[" }, "not a JSON object"],
    ["no framework", manifest(["left-pad"]), "has none of next"],
    ["another framework", manifest(["fastify"]), "it has Fastify"],
    ["a workspace", manifest([], { workspaces: ["apps/*"] }), "Run init in the folder of the app"],
    ["MySQL by its driver", manifest(["express", "mysql2"]), "MySQL (package.json: mysql2)"],
    ["MongoDB", manifest(["express", "mongoose"]), "MongoDB"],
    ["SQLite by Drizzle's tables", { ...manifest(["next", "next-auth"]), "schema.ts": sqlite }, "SQLite (schema.ts)"],
    [
      "MySQL by Prisma",
      { ...express, "prisma/schema.prisma": 'datasource db {\n  provider = "mysql"\n}' },
      "MySQL (prisma",
    ],
    ["next-auth 4", { "package.json": '{"dependencies":{"next":"16.0.0","next-auth":"^4.24.0"}}' }, "next-auth 4"],
    [
      "ids that are numbers",
      { ...express, "s.ts": ownSchema.replace("uuid(", "serial(") },
      "users.id in s.ts is serial",
    ],
  ])("%s", async (_, files, said) => {
    const app = appOf(files)
    const before = filesIn(app)
    const { code, stdout, stderr } = await init(app, "--write")
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(stderr).toContain(said)
    expect(filesIn(app)).toEqual(before)
  })

  it("asks for --framework where two may serve the pages, with exit code 2", async () => {
    const app = appOf(manifest(["express", "hono"]))
    expect(await init(app)).toMatchObject({ code: 2, stderr: expect.stringContaining("--framework hono") })
    expect((await reportOf(app, "--framework", "hono")).app.framework).toBe("hono")
    expect((await init(app, "--framework", "koa")).code).toBe(2)
  })
})

describe("what --write never does", () => {
  it("leaves a file alone that is there under another kind of name", async () => {
    const files = {
      ...nextApp,
      "proxy.js": "// mine",
      "auth.js": "// mine",
      "db.ts": "// mine",
      "next.config.js": "export default {}",
    }
    const app = appOf(files)
    await init(app, "--write")
    expect(filesIn(app)).toMatchObject(files)
    expect(Object.keys(filesIn(app))).toEqual(expect.arrayContaining(["lazy-auth.ts", "auth-db.ts"]))
    expect(Object.keys(filesIn(app))).not.toContain("proxy.ts")
  })

  it("follows no link out of the app, and writes nothing then", async () => {
    const outside = mkdtempSync(join(tmpdir(), "authjs-lazy-outside-"))
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }))
    const app = appOf(nextApp)
    symlinkSync(outside, join(app, "app"))
    const { code, stderr } = await init(app, "--write")
    expect(code).toBe(1)
    expect(stderr).toContain("app is a link that leads out of the app's folder")
    expect(filesIn(outside)).toEqual({})
    expect(Object.keys(filesIn(app))).toEqual(["package.json"])
  })

  it("writes through no link in place of a file", async () => {
    const outside = join(appOf({ "kept.env": "OTHER=1\n" }), "kept.env")
    const app = appOf(express)
    symlinkSync(join(app, "nowhere.ts"), join(app, "auth.ts"))
    expect((await init(app, "--write")).stderr).toContain("auth.ts is there already")
    rmSync(join(app, "auth.ts"))
    symlinkSync(outside, join(app, ".env"))
    expect((await init(app, "--write")).stderr).toContain(".env is no plain file")
    expect(Object.keys(filesIn(app))).toEqual(["package.json"])
    expect(readFileSync(outside, "utf8")).toBe("OTHER=1\n")
  })

  it("takes back what it has written where a later file fails, and says so", async () => {
    const app = appOf({ taken: "" })
    const files = [
      { path: "one.ts", content: "1" },
      { path: "taken/two.ts", content: "2" },
    ]
    await expect(writeFiles(app, files)).rejects.toThrow(/Removed again what was written before: one\.ts/)
    expect(filesIn(app)).toEqual({ taken: "" })
  })

  it("shows no secret, and adds one only where there is none", async () => {
    const ignored = { ".gitignore": "node_modules\n.env\n" }
    const kept = "AUTH_SECRET='the secret of production'\nDATABASE_URL=postgres://ada:hunter2@localhost/app"
    const app = appOf({ ...express, ...ignored, ".env": kept })
    for (const args of [[], ["--json"], ["--write", "--json"]]) {
      const { stdout, stderr } = await init(app, ...args)
      expect(stdout + stderr).not.toMatch(/the secret of production|hunter2/)
    }
    expect(readFileSync(join(app, ".env"), "utf8")).toBe(kept)

    const config = `NextAuth({ secret: "the secret of production",\n  adapter: Adapter(db, 'hunter2'), providers: [] })`
    const configured = await init(appOf({ ...nextApp, "auth.ts": `export const { auth } = ${config}` }), "--json")
    expect(configured.stdout).toContain("-export const { auth } = NextAuth({ secret: …")
    expect(configured.stdout).not.toMatch(/the secret of production|hunter2/)

    const fresh = appOf({ ...express, ...ignored, ".env": "AUTH_SECRET=\nPORT=1" })
    const { stdout } = await init(fresh, "--write")
    const text = readFileSync(join(fresh, ".env"), "utf8")
    const secret = /^AUTH_SECRET=\nPORT=1\nAUTH_SECRET=(\S{44})\n$/.exec(text)?.[1] ?? "none"
    expect(secret).not.toBe("none")
    expect(stdout).not.toContain(secret)
    expect(stdout).toContain("AUTH_SECRET in .env\n")
  })

  it("says when git does not ignore the file with the secret", async () => {
    const app = appOf({ ...express, ".gitignore": "dist\n", ".git/HEAD": "" })
    expect((await reportOf(app)).edits).toContainEqual({
      path: ".gitignore",
      place: "so that the secret stays out of git",
      lines: ["+.env"],
    })
    writeFileSync(join(app, ".gitignore"), ".env*\n")
    mkdirSync(join(app, "packages/api"), { recursive: true })
    writeFileSync(join(app, "packages/api/package.json"), express["package.json"] as string)
    expect((await reportOf(join(app, "packages/api"))).edits.map(({ path }) => path)).not.toContain(".gitignore")
  })
})
