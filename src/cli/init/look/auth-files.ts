import type { Framework } from "./framework.js"
import type { SourceFile, Sources } from "./source-files.js"
import { closingBracket, lineAt } from "./source-text.js"

/** A place in a file of the app. */
export interface CodePlace {
  file: SourceFile
  line: number
  /** The text of that line, as far as it can't hold a secret. */
  text: string
}

/** What the app has of Auth.js, and of authjs-lazy. */
export interface AuthFacts {
  /** The module with `withLazy(`, and the name of what it made. */
  lazy: { file: SourceFile; name: string } | undefined
  /** Where Auth.js is configured without `withLazy`. */
  existing: ExistingAuth | undefined
  /** The module with the convert page, or with a form of the app's own that converts. */
  convert: SourceFile | undefined
  /** Whether a gate stands anywhere. */
  hasGate: boolean
  guests: GuestFacts | undefined
  unknown: string[]
}

/** A call such as `NextAuth({ … })`. */
export interface ExistingAuth {
  place: CodePlace
  /** The function called, such as `NextAuth`. */
  call: string
  /** What it takes: an object written there, a variable, or what init can't follow. */
  argument: { kind: "object" | "variable" | "other"; text: string }
  /** The file with the object, which may be another than that with the call. */
  file: SourceFile
  /** The line with `adapter:` in that file. */
  adapter: CodePlace | undefined
  /** The line with `providers:` in that file. */
  providers: CodePlace | undefined
}

/** Guests that the app makes by hand. */
interface GuestFacts {
  where: CodePlace
  /** Whether the files are those of the chatbot template. */
  isChatbotTemplate: boolean
}

const CALLS: Record<Framework, RegExp> = {
  next: /\b(NextAuth)\s*\(/,
  sveltekit: /\b(SvelteKitAuth)\s*\(/,
  hono: /\b(initAuthConfig)\s*\(/,
  express: /\b(ExpressAuth)\s*\(/,
}

/** Finds where the app configures Auth.js, and what it has of authjs-lazy. */
export function findAuth({ files, paths }: Sources, framework: Framework): AuthFacts {
  const unknown: string[] = []
  const withLazy = files.filter(({ code }) => /\bwithLazy\s*\(/.test(code))
  if (withLazy.length > 1)
    unknown.push(`Which configuration counts: withLazy is called in ${withLazy.map(({ path }) => path).join(" and ")}.`)
  const [file] = withLazy
  const name = /export\s+const\s+(\w+)\s*(?::[^=]+)?=\s*withLazy\s*\(/.exec(file?.code ?? "")?.[1]
  const calls = files.filter(({ path, code }) => !PROXY.test(path) && CALLS[framework].test(code))
  const [call, ...others] = calls.toSorted((one, other) => Number(isAuthFile(other)) - Number(isAuthFile(one)))
  if (call && others.length > 0 && !file)
    unknown.push(
      `Which configuration counts: ${[call, ...others].map(({ path }) => path).join(", ")}. The lines below are for the first.`,
    )
  return {
    lazy: file && { file, name: name ?? "authConfig" },
    existing: call && !file ? existingAuth(call, CALLS[framework], files) : undefined,
    convert: files.find(({ code }) => CONVERTS.test(code)),
    hasGate: files.some(({ code }) => /\b(?:allowLazy|requireReal|requireLazy|optionalSession)\s*\(/.test(code)),
    guests: findGuests(files, paths),
    unknown,
  }
}

/** The files that Next.js runs in front of pages. */
export const PROXY = /^(?:src\/)?(?:proxy|middleware)\.[cm]?[jt]sx?$/

const CONVERTS = /\bconvertPage\s*\(|\bsignIn\s*\(\s*["']convert["']|callback\/convert\b/

const isAuthFile = ({ path }: SourceFile) => /(?:^|\/)auth(?:\/index)?\.[cm]?[jt]sx?$/.test(path)

function existingAuth(called: SourceFile, pattern: RegExp, files: readonly SourceFile[]): ExistingAuth {
  const { code } = called
  const { 0: start, 1: call = "", index } = pattern.exec(code) as RegExpExecArray
  const open = index + start.length - 1
  const text = code.slice(open + 1, closingBracket(code, open) ?? code.length).trim()
  const kind = text.startsWith("{") ? "object" : /^\w+$/.test(text) ? "variable" : "other"
  const file = kind === "variable" ? fileWith(text, called, files) : called
  return {
    place: placeAt(called, index),
    call,
    file,
    argument: { kind, text: kind === "object" ? "" : text.length > 40 ? "…" : text },
    adapter: findPlace(file, /\badapter\s*:/),
    providers: findPlace(file, /\bproviders\s*:/),
  }
}

/** Finds the file that defines a variable: the one that uses it, or the only one that exports it. */
function fileWith(name: string, called: SourceFile, files: readonly SourceFile[]): SourceFile {
  if (new RegExp(`\\b(?:const|let|var|function)\\s+${name}\\b`).test(called.code)) return called
  const exporting = files.filter(({ code }) => new RegExp(`export\\s+(?:const|let|var)\\s+${name}\\b`).test(code))
  return exporting.length === 1 ? (exporting[0] as SourceFile) : called
}

function findPlace(file: SourceFile, pattern: RegExp): CodePlace | undefined {
  const found = pattern.exec(file.code)
  return found ? placeAt(file, found.index) : undefined
}

function placeAt(file: SourceFile, position: number): CodePlace {
  const line = lineAt(file.code, position)
  const text = (file.text.split("\n")[line - 1] as string).replace("\r", "")
  // A secret may stand in any string of the app.
  return { file, line, text: text.replace(/["'`].*$/, "…") }
}

/** The ways in which apps make guests by hand. */
const GUESTS = /\bid:\s*["'](?:guest|anonymous|anon)["']|\bcreateGuestUser\b|\bguestRegex\b|["'`]guest-\$\{/

function findGuests(files: readonly SourceFile[], paths: ReadonlySet<string>): GuestFacts | undefined {
  const where = files.map((file) => findPlace(file, GUESTS)).find((place) => place !== undefined)
  if (!where) return undefined
  const isChatbotTemplate = ["app/(auth)/auth.ts", "lib/db/schema.ts"].every(
    (path) => paths.has(path) || paths.has(`src/${path}`),
  )
  return { where, isChatbotTemplate }
}
