import { execFile } from "node:child_process"
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { packedTarball } from "../setup/installed-package.js"
import { serve, type WebServer } from "../setup/web-server.js"

interface Item {
  name: string
  dependencies?: string[]
  registryDependencies?: string[]
  files: { path: string; type: string; content?: string }[]
}

const run = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))
const example = join(root, "docs/examples/next")
const folders: Record<string, string> = { "registry:component": "components", "registry:lib": "lib" }
/** Where shadcn puts a file of an item. */
const targetOf = ({ type, path }: { type: string; path: string }) =>
  join(folders[type] ?? type, path.split("/")[1] ?? "")

/** The package, unpacked, and an app that has nothing of the registry yet. */
let folder: string
let app: string
let server: WebServer
let items: Item[]
const asked: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "authjs-lazy-registry-"))
  app = join(folder, "app")
  await run("tar", ["-xzf", packedTarball().path, "-C", folder])
  const built = join(folder, "package/dist/r")
  items = (JSON.parse(await readFile(join(built, "registry.json"), "utf8")) as { items: Item[] }).items
  for (const file of ["package.json", "tsconfig.json", "next.config.ts", "postcss.config.mjs", "app"])
    await cp(join(example, file), join(app, file), { recursive: true })
  // With the name of a base colour, shadcn loads it from ui.shadcn.com.
  const settings = JSON.parse(await readFile(join(example, "components.json"), "utf8"))
  settings.tailwind.baseColor = ""
  await writeFile(join(app, "components.json"), JSON.stringify(settings))
  server = await serve(async (request) => {
    const { pathname } = new URL(request.url)
    asked.push(pathname)
    return new Response(await readFile(join(built, pathname.replace(/^\/r\//, ""))), {
      headers: { "content-type": "application/json" },
    })
  })
})

afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

it("installs every item from its address into a Next app, as the example has it", async () => {
  const addresses = items.map(({ name }) => `${server.origin}/r/${name}.json`)
  const { REGISTRY_URL: _, ...inherited } = process.env
  await run(process.execPath, [join(root, "node_modules/shadcn/dist/index.js"), "add", ...addresses, "--yes"], {
    cwd: app,
    // Any address but that of the registry leads nowhere.
    env: { ...inherited, REGISTRY_URL: "http://127.0.0.1:9/r", npm_config_offline: "true" },
  })
  expect(new Set(asked)).toEqual(new Set(items.map(({ name }) => `/r/${name}.json`)))

  const targets = items.flatMap(({ files }) => files.map(targetOf))
  expect(targets).toHaveLength(11)
  for (const target of targets) {
    const installed = await readFile(join(app, target), "utf8")
    expect(installed, `${target}: run \`npx shadcn add\` in docs/examples/next`).toBe(
      await readFile(join(example, target), "utf8"),
    )
  }
  const written = await Promise.all(["components", "lib"].map((name) => readdir(join(app, name))))
  expect(written.flat().toSorted()).toEqual(targets.map((target) => target.split("/")[1]).toSorted())
  for (const file of ["package.json", "app/globals.css"])
    expect(await readFile(join(app, file), "utf8")).toBe(await readFile(join(example, file), "utf8"))
}, 60_000)

it("needs nothing but packages that an app of this kind has, under no version of its own", () => {
  expect(new Set(items.flatMap(({ dependencies = [] }) => dependencies))).toEqual(new Set(["authjs-lazy", "next"]))
  expect(items.flatMap(({ registryDependencies = [] }) => registryDependencies)).toEqual([])
})
