import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { blocksOf, type Page, root } from "./pages.js"

const companions = join(root, "test/docs/companions")

/**
 * Makes an empty folder for files from the documentation. Only inside the package and outside of
 * node_modules does `authjs-lazy` resolve to the package itself.
 */
export function freshFolder(name: string): string {
  const folder = join(root, "artifacts", name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

/**
 * Writes imports as Node resolves them: those of Next.js apps from `@/…`, which stands for the root
 * of the app, and those from `next/…`, which only its bundler finds without an extension.
 */
function withPathsOfNode(code: string): string {
  return code
    .replaceAll(/(from |import\()"@\/([\w/-]+)"/g, '$1"./$2.js"')
    .replaceAll(/(from |import\()"next\/(\w+)"/g, '$1"next/$2.js"')
}

/**
 * Writes the TypeScript blocks of a page into a folder, with the files that the page assumes.
 * Returns the blocks with their lines.
 */
export function writeBlocks(page: Page, folder: string): { file: string; line: number }[] {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(companions)) copyFileSync(join(companions, name), join(folder, name))
  return blocksOf(page)
    .filter(({ language }) => language === "ts")
    .map(({ file: given, code, line }) => {
      const file = given ?? `line-${line}.ts`
      writeFileSync(join(folder, file), withPathsOfNode(code))
      return { file, line }
    })
}
