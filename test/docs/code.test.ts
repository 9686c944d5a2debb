import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { freshFolder, writeBlocks } from "./extract.js"
import { blocksOf, chatbot, isGuide, migrating, namedFile, type Page, page, pages, root } from "./pages.js"

/** As a consumer of the package has it. */
const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    module: "NodeNext",
    moduleDetection: "force",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["."],
}

it("every TypeScript block in the documentation passes the type check", async () => {
  const folder = freshFolder("docs-types")
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
  // README has files of a guide, which the next test compares.
  const checked = pages.filter((page) => !isGuide(page) && page.path !== "README.md")
  const written = checked.flatMap((page) => {
    const name = page.path.replace(/\.md$/, "").replaceAll("/", "-")
    return writeBlocks(page, join(folder, name)).map(({ file, line }) => ({
      file: `${name}/${file}`,
      place: `${page.path}:${line}`,
    }))
  })
  expect(written.length).toBeGreaterThan(15)
  const output = await typeCheck(folder)
  const places = output.replaceAll(/^([^\s(]+)\((\d+),/gm, (whole, file: string, line: string) => {
    const block = written.find((block) => file.endsWith(block.file))
    return block ? `${block.place} + ${line} (` : whole
  })
  expect(places).toBe("")
}, 120_000)

it("the README shows files and commands of the guide for Next.js, which is typed as it stands", () => {
  const typed = blocksOf(page("docs/guides/nextjs.md")).map(({ code }) => code)
  const files = blocksOf(page("README.md")).filter(({ language }) => language === "ts")
  expect(files.map(({ code }) => namedFile(code))).toEqual([
    "auth.ts",
    "app/api/auth/[...nextauth]/route.ts",
    "proxy.ts",
  ])
  expect(files.filter(({ code }) => !typed.includes(code))).toEqual([])
  const commands = blocksOf(page("README.md")).find(({ language }) => language === "sh")?.code ?? ""
  const lines = typed.join("").split("\n")
  expect(
    commands
      .trim()
      .split("\n")
      .filter((line) => !lines.includes(line)),
  ).toEqual([])
})

it("the guides keep their secrets out of git, where no tool of the framework does", () => {
  const making = pages
    .filter(isGuide)
    .filter(({ text }) => /AUTH_SECRET=.*>> \.env\n/.test(text) && !text.includes("npx sv create"))
  expect(making.length).toBeGreaterThan(3)
  expect(making.filter(({ text }) => !/\\n\.env\\n.*> \.gitignore\n/.test(text)).map(({ path }) => path)).toEqual([])
})

it("no block of code goes unchecked by being called something else", () => {
  const languages = (all: readonly Page[]) =>
    new Set(all.flatMap((page) => blocksOf(page).map(({ language }) => language)))
  const others = pages.filter((page) => !isGuide(page) && page.path !== migrating && page.path !== chatbot)
  expect(languages(others)).toEqual(new Set(["ts", "sh", "text", "", "nginx", "prisma", "sql", "mermaid"]))
  // Tests beside this one and test/doctor/access.test.ts run the statements of these pages.
  const statements = pages.flatMap((page) => (languages([page]).has("sql") ? [page.path] : []))
  const run = [
    "docs/capacity.md",
    "docs/database-roles.md",
    "docs/recipes/leaving-for-better-auth.md",
    "docs/recipes/row-level-security.md",
  ]
  expect(statements).toEqual(run)
  // test/frameworks/behind-nginx.test.ts runs the one configuration there is.
  const nginx = pages.flatMap((page) =>
    blocksOf(page).flatMap(({ language }) => (language === "nginx" ? page.path : [])),
  )
  expect(nginx).toEqual(["docs/proxies.md"])
  // test/guides runs the schema of the guide, which has all of these lines.
  const linesOf = (schema: string) => schema.split("\n").map((line) => line.trim().replaceAll(/ +/g, " "))
  const schemas = (page: Page) => blocksOf(page).filter(({ language }) => language === "prisma")
  const tested = schemas(page("docs/guides/prisma.md")).flatMap(({ code }) => linesOf(code))
  const shown = others.flatMap(schemas)
  const untested = shown.flatMap(({ code }) => linesOf(code)).filter((line) => !line.startsWith("//"))
  expect(untested.filter((line) => !tested.includes(line))).toEqual([])
  expect(shown).toHaveLength(2)
  // What an app looked like before is nobody's example.
  expect(languages([page(migrating)])).toEqual(new Set(["ts", "js"]))
  // test/docs/chat-port.test.ts finds each difference in the example.
  expect(languages([page(chatbot)])).toEqual(new Set(["sh", "diff"]))
})

function typeCheck(folder: string): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    )
  })
}
