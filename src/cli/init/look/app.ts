import { type PackageManager, packageManager } from "../../../doctor/app/check-auth-cores.js"
import { type AuthFacts, findAuth, PROXY } from "./auth-files.js"
import { type DatabaseFacts, findDatabase } from "./database.js"
import { type DrizzleTables, findDrizzleTables } from "./drizzle-schema.js"
import { type EnvironmentFacts, readEnvironment } from "./environment.js"
import { type Framework, findFramework, STARTS } from "./framework.js"
import { type Language, readLanguage } from "./language.js"
import { type Manifest, readManifest, versionOf, wantedCore } from "./manifest.js"
import { findPrisma, type PrismaFacts } from "./prisma-schema.js"
import { readSources, type SourceFile, type Sources } from "./source-files.js"

/** What the files of an app say, as far as they do. */
export interface App {
  root: string
  framework: Framework
  /** The version of the framework, such as `16.4.5`; undefined where nothing says it. */
  version: string | undefined
  /** The version of `next-auth`; undefined without it. */
  nextAuth: string | undefined
  /** The version of `@auth/core` that the package of Auth.js wants. */
  core: string | undefined
  manager: PackageManager
  manifest: Manifest
  sources: Sources
  language: Language
  /** The folder of the app's modules: `src/`, or none. */
  base: "" | "src/"
  database: DatabaseFacts
  tables: DrizzleTables
  prisma: PrismaFacts | undefined
  auth: AuthFacts
  /** The module that starts an Express or Hono server. */
  server: SourceFile | undefined
  /** The `proxy.ts` or `middleware.ts` of a Next.js app. */
  proxy: SourceFile | undefined
  environment: EnvironmentFacts
  /** What the files don't say. */
  unknown: string[]
}

/**
 * Reads an app as text, without running any of its code.
 * @throws LazySetupError when `init` can add nothing to it: no framework it knows, another database
 */
export async function lookAtApp(
  root: string,
  given: { framework: string | undefined; env: NodeJS.ProcessEnv },
): Promise<App> {
  const manifest = await readManifest(root)
  const sources = await readSources(root)
  const framework = findFramework(manifest, sources, given.framework)
  const language = await readLanguage(root, manifest, sources)
  const database = findDatabase(manifest, sources)
  const tables = findDrizzleTables(sources)
  const prisma = findPrisma(manifest, sources)
  const auth = findAuth(sources, framework)
  return {
    root,
    framework,
    version: await versionOf(root, manifest, framework === "sveltekit" ? "@sveltejs/kit" : framework),
    nextAuth: framework === "next" ? await versionOf(root, manifest, "next-auth") : undefined,
    core: await wantedCore(root, AUTH_PACKAGES[framework]),
    manager: packageManager(root),
    manifest,
    sources,
    language,
    base: baseOf(framework, sources),
    database,
    tables,
    prisma,
    auth,
    server: sources.files.find(({ code }) => STARTS[framework]?.test(code)),
    proxy: framework === "next" ? sources.files.find(({ path }) => PROXY.test(path)) : undefined,
    environment: await readEnvironment(root, framework, given.env),
    unknown: [
      ...(sources.cut
        ? ["The app has more files than init reads, so what it did not find may be in one of the others."]
        : []),
      ...language.unknown,
      ...database.unknown,
      ...tables.unknown,
      ...(prisma?.unknown ?? []),
      ...auth.unknown,
    ],
  }
}

/** The package that brings Auth.js to each framework. */
export const AUTH_PACKAGES: Record<Framework, string> = {
  next: "next-auth",
  sveltekit: "@auth/sveltekit",
  hono: "@hono/auth-js",
  express: "@auth/express",
}

function baseOf(framework: Framework, { paths }: Sources): "" | "src/" {
  const inSource = [...paths].filter((path) => path.startsWith("src/"))
  if (framework === "sveltekit") return "src/"
  // Next.js ignores src/app where app is there.
  if (framework === "next")
    return inSource.length > 0 && ![...paths].some((path) => /^(?:app|pages)\//.test(path)) ? "src/" : ""
  return inSource.some((path) => /\.[cm]?[jt]sx?$/.test(path)) ? "src/" : ""
}
