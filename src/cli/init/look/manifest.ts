import { LazySetupError } from "../../../errors.js"
import { readFileText } from "./source-files.js"

/** What `package.json` says of an app. */
export interface Manifest {
  /** All dependencies with their ranges, whatever they are for. */
  packages: ReadonlyMap<string, string>
  isModule: boolean
  /** Whether other packages live in folders of this one. */
  isWorkspace: boolean
  /** Where `prisma.schema` says that the schema is. */
  prismaSchema: string | undefined
}

const KINDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]

/**
 * Reads the app's `package.json`.
 * @throws LazySetupError when there is none, or it is not JSON
 */
export async function readManifest(root: string): Promise<Manifest> {
  const text = await readFileText(root, "package.json")
  if (text === undefined)
    throw new LazySetupError(
      "init: there is no package.json in this folder. Run it in the folder of your app, or make one: npm init",
    )
  const given = parseObject(text)
  if (!given)
    throw new LazySetupError("init: package.json in this folder is not a JSON object. Correct it and run init again.")
  const packages = new Map<string, string>()
  for (const kind of KINDS)
    for (const [name, range] of Object.entries(objectOf(given[kind])))
      if (typeof range === "string" && !packages.has(name)) packages.set(name, range)
  const { schema } = objectOf(given.prisma)
  return {
    packages,
    isModule: given.type === "module",
    isWorkspace: given.workspaces !== undefined || (await readFileText(root, "pnpm-workspace.yaml")) !== undefined,
    prismaSchema: typeof schema === "string" ? schema : undefined,
  }
}

/**
 * Finds the version of a package that the app has installed, or else as much of it as its range
 * fixes, such as `15` for `^15.1.0`; undefined where neither says one.
 */
export async function versionOf(
  root: string,
  { packages }: Pick<Manifest, "packages">,
  name: string,
): Promise<string | undefined> {
  const installed = parseObject((await readFileText(root, `node_modules/${name}/package.json`)) ?? "")?.version
  if (typeof installed === "string") return installed
  const [, floor, version] = /^\s*(\^)?~?\s*v?(\d[\w.-]*)/.exec(packages.get(name) ?? "") ?? []
  return floor === undefined ? version : version?.split(".")[0]
}

/** Finds which version of `@auth/core` an installed package of Auth.js wants. */
export async function wantedCore(root: string, name: string): Promise<string | undefined> {
  const text = await readFileText(root, `node_modules/${name}/package.json`)
  const range = objectOf(parseObject(text ?? "")?.dependencies)["@auth/core"]
  return typeof range === "string" && /^[\d^~][\w.^~-]*$/.test(range) ? range : undefined
}

/** Parses an object of JSON; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ""))
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Returns a property as an object, empty where it is none. */
export function objectOf(given: unknown): Record<string, unknown> {
  return typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {}
}
