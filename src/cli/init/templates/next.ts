import { outdent } from "../look/source-text.js"
import { importLine, jsDocType } from "./imports.js"

/** Writes the route of Auth.js. */
export const handlersRoute = (auth: string): string => `${importLine(["handlers"], auth)}

export const { GET, POST } = handlers
`

/** Writes the route of the convert page. */
export const convertRoute = (
  auth: string,
  config: string,
): string => `${importLine(["convertPage"], "authjs-lazy/pages")}
${importLine([config], auth)}

const page = convertPage(${config})

export { page as GET, page as POST }
`

/** What the file in front of the pages needs to know. */
export interface ProxyParts {
  /** `proxy` in Next.js 16, `middleware` in 15. */
  name: "proxy" | "middleware"
  /** The name by which it imports the configuration. */
  auth: string
  config: string
  /** What `allowLazy` made there; undefined where nothing exports it. */
  gate: string | undefined
}

/** Writes the file in front of the pages. */
export function proxyModule({ name, auth, config, gate }: ProxyParts): string {
  const head =
    gate === undefined
      ? `${importLine(["allowLazy"], "authjs-lazy/next")}\n${importLine([config], auth)}\n\nconst lazy = allowLazy(${config})`
      : importLine([gate], auth)
  const runtime = name === "middleware" ? ', runtime: "nodejs"' : ""
  return `${head}

export const ${name} = ${gate ?? "lazy"}.proxy

// The pages that are worth a user, such as "/notes/:path*".
export const config = { matcher: ["/"]${runtime} }
`
}

/** Writes the configuration of Next.js, with the setting that the gate needs. */
export function nextConfig(setting: string, typescript: boolean): string {
  return outdent(
    typescript
      ? `
    import type { NextConfig } from "next"

    const config: NextConfig = { ${setting}: true }

    export default config
  `
      : `
    ${jsDocType("next", "NextConfig")}
    const config = { ${setting}: true }

    export default config
  `,
  )
}
