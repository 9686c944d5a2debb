import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync, watch } from "node:fs"
import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { packedTarball } from "./installed-package.js"
import { linkPackages } from "./link-packages.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const examples = join(root, "docs/examples")
const run = promisify(execFile)
const QUIETLY = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]

type Dependencies = Record<string, string>

/** Makes a folder outside of the repository in which `install` can run. */
export async function folderToInstall(name: string): Promise<string> {
  return mkdtemp(join(await workplace(), `${name}-`))
}

/**
 * Installs what the folder's package.json names, `more`, and the package from its npm tarball: by
 * links to the packages of all examples, or by npm where those lack something.
 * @param fresh installs the newest versions in range from nothing, as a new user's npm does
 */
export async function install(folder: string, more: Dependencies = {}, { fresh } = { fresh: false }): Promise<void> {
  const manifest = join(folder, "package.json")
  const { dependencies, ...rest } = JSON.parse(await readFile(manifest, "utf8"))
  await writeFile(manifest, JSON.stringify({ ...rest, dependencies: { ...dependencies, ...more, ...ours() } }))
  if (!fresh && (await linkAll(folder))) return
  await run("npm", ["install", ...QUIETLY], { cwd: folder })
}

/** Links to the packages of all examples, where `cp` can. */
async function linkAll(folder: string): Promise<boolean> {
  const packages = await allPackages()
  return linkPackages(packages, folder).catch(async () => {
    await rm(join(folder, "node_modules"), { recursive: true, force: true })
    return false
  })
}

/** Puts the packages of all examples into a folder, for npm to start from. */
export async function linkExamplePackages(folder: string): Promise<void> {
  const [from, to] = [join(await allPackages(), "node_modules"), join(folder, "node_modules")]
  await run("cp", ["-al", from, to]).catch(async () => {
    await rm(to, { recursive: true, force: true })
    await cp(from, to, { recursive: true, verbatimSymlinks: true })
  })
}

/** Replaces ranges by the versions that the repository is tested with, if it has the package. */
export function atVersionsHere(dependencies: Dependencies): Dependencies {
  return Object.fromEntries(
    Object.entries(dependencies)
      .filter(([name]) => name !== "authjs-lazy")
      .map(([name, range]) => {
        const here = join(root, "node_modules", name, "package.json")
        return [name, existsSync(here) ? JSON.parse(readFileSync(here, "utf8")).version : range]
      }),
  )
}

/** The folder of the tarball: npm writes its path into each install, relative to the app's folder. */
const workplace = () => realpath(dirname(packedTarball().path))

const ours = (): Dependencies => ({ "authjs-lazy": `file:${packedTarball().path}` })

/** Returns a folder with the packages of all examples, which the first caller of the run installs. */
async function allPackages(): Promise<string> {
  const folder = join(await workplace(), "all-packages")
  const isFirst = await mkdir(folder).then(
    () => true,
    () => false,
  )
  const outcome = join(folder, "outcome.txt")
  if (isFirst) {
    const said = await installAll(folder).then(() => "", String)
    await writeFile(`${outcome}.new`, said)
    await rename(`${outcome}.new`, outcome)
  } else await untilThere(outcome)
  const said = await readFile(outcome, "utf8")
  if (said) throw new Error(`The packages of the examples could not be installed. ${said}`)
  return folder
}

async function installAll(folder: string): Promise<void> {
  const manifests = readdirSync(examples)
    .map((name) => join(examples, name, "package.json"))
    .filter(existsSync)
    .map((path) => JSON.parse(readFileSync(path, "utf8")))
  const wanted = manifests.flatMap(({ dependencies, devDependencies }) =>
    Object.entries<string>({ ...atVersionsHere(dependencies), ...devDependencies }),
  )
  const named: Dependencies = Object.fromEntries(wanted)
  // Examples may want different major versions: the others get a name of their own.
  const major = (range?: string) => /\d+/.exec(range ?? "")?.[0]
  for (const [name, range] of wanted)
    if (major(range) !== major(named[name]))
      named[`other-${name.replace(/\W/g, "-")}-${major(range)}`] = `npm:${name}@${range}`
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, dependencies: { ...named, ...ours() } }),
  )
  await run("npm", ["install", ...QUIETLY], { cwd: folder, maxBuffer: 32 * 1024 * 1024 })
  await takeNativeCode(folder)
}

/** Copies the binary of argon2 that was built here, for machines that its own binaries don't suit. */
export async function takeNativeCode(folder: string): Promise<void> {
  const built = join(root, "node_modules/argon2/build")
  const there = join(folder, "node_modules/argon2/build")
  if (existsSync(built) && !existsSync(there)) await cp(built, there, { recursive: true })
}

async function untilThere(path: string): Promise<void> {
  const changes = watch(dirname(path))
  try {
    await new Promise<void>((resolve, reject) => {
      changes.on("change", () => existsSync(path) && resolve()).on("error", reject)
      if (existsSync(path)) resolve()
    })
  } finally {
    changes.close()
  }
}
