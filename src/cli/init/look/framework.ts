import { LazySetupError } from "../../../errors.js"
import { UsageError } from "../../exit-codes.js"
import type { Manifest } from "./manifest.js"
import type { Sources } from "./source-files.js"

/** The frameworks that `init` writes files for. */
const FRAMEWORKS = ["next", "sveltekit", "hono", "express"] as const

export type Framework = (typeof FRAMEWORKS)[number]

const PACKAGES: Record<Framework, string> = {
  next: "next",
  sveltekit: "@sveltejs/kit",
  hono: "hono",
  express: "express",
}

/** Frameworks with an Auth.js of their own, or none, by their packages. */
const OTHERS: Record<string, string> = {
  nuxt: "Nuxt",
  astro: "Astro",
  "@remix-run/node": "Remix",
  "@react-router/node": "React Router",
  "@solidjs/start": "SolidStart",
  "@builder.io/qwik-city": "Qwik",
  fastify: "Fastify",
  koa: "Koa",
  "@nestjs/core": "NestJS",
}

/**
 * Finds the framework of the app. Express and Hono often stand beside Next.js or SvelteKit, which
 * then are what visitors see.
 * @throws UsageError when both Express and Hono may be
 * @throws LazySetupError when `package.json` names none of the four
 */
export function findFramework(manifest: Manifest, sources: Sources, given: string | undefined): Framework {
  if (given !== undefined) {
    const framework = FRAMEWORKS.find((name) => name === given)
    if (!framework) throw new UsageError(`--framework takes one of ${FRAMEWORKS.join(", ")}.`)
    return framework
  }
  const named = FRAMEWORKS.filter((name) => manifest.packages.has(PACKAGES[name]))
  const [first, ...others] = named
  if (first === undefined) throw new LazySetupError(withoutFramework(manifest))
  if (first !== "hono" || others.length === 0) return first
  const started = named.filter((name) => sources.files.some(({ code }) => STARTS[name]?.test(code)))
  if (started.length !== 1)
    throw new UsageError(
      "init can't tell which framework serves your pages: package.json has hono and express. Add --framework hono or --framework express.",
    )
  return started[0] as Framework
}

/** Where a server framework makes its app. */
export const STARTS: Partial<Record<Framework, RegExp>> = {
  hono: /=\s*new\s+(?:Hono|OpenAPIHono)\b/,
  express: /=\s*express\s*\(\s*\)/,
}

function withoutFramework({ packages, isWorkspace }: Manifest): string {
  const other = Object.keys(OTHERS).find((name) => packages.has(name))
  const known = Object.values(PACKAGES).join(", ")
  if (isWorkspace && !other)
    return `init: package.json in this folder has none of ${known}, and other packages below it. Run init in the folder of the app, such as apps/web.`
  const found = other ? `: it has ${OTHERS[other]}, which init writes no files for` : ""
  return (
    `init: package.json in this folder has none of ${known}${found}. ` +
    'If your server speaks Request and Response, follow "Other servers" in node_modules/authjs-lazy/docs/getting-started.md. ' +
    "If the framework is not installed yet, install it and run init again."
  )
}
