import { LazySetupError } from "../../../errors.js"
import type { SourceFile, Sources } from "./source-files.js"
import { closingBracket, lineAt, splitAtCommas } from "./source-text.js"

/** A table that the app defines in Drizzle. */
export interface DrizzleTable {
  file: SourceFile
  /** The name of its variable. */
  variable: string
  /** The name of the table in the database, as written. */
  table: string
  /** The function that makes it, such as `pgTable` or `auth.table`. */
  made: string
  /** Each column by its property, with the code that makes it. */
  columns: ReadonlyMap<string, string>
  /** The lines of the bracket that closes the columns, and of the call. */
  columnsEnd: number
  /** Whether indexes or keys follow the columns. */
  hasRules: boolean
}

/** The tables of the app that Auth.js and authjs-lazy use, by their options of `LazyAdapter`. */
export interface DrizzleTables {
  usersTable?: DrizzleTable
  accountsTable?: DrizzleTable
  sessionsTable?: DrizzleTable
  verificationTokensTable?: DrizzleTable
  authenticatorsTable?: DrizzleTable
  passwordsTable?: DrizzleTable
  unknown: string[]
}

const MAKERS = /(?:export\s+)?const\s+(\w+)\s*=\s*(?:(?:pgSchema)\s*\(|(pgTableCreator)\s*\()/g

/** Finds the tables of users, accounts, sessions and passwords by their columns. */
export function findDrizzleTables(sources: Sources): DrizzleTables {
  const unknown: string[] = []
  const files = sources.files.filter(({ code }) => /from\s+["']drizzle-orm\/pg-core["']/.test(code))
  const makers = ["pgTable"]
  for (const { code } of files)
    for (const [, name, creator] of code.matchAll(MAKERS)) makers.push(creator ? (name as string) : `${name}.table`)
  const tables = [...files, ...sources.files.filter((file) => !files.includes(file) && USES_CREATOR.test(file.code))]
    .flatMap((file) => tablesIn(file, makers))
    .filter(({ columns }) => columns.size > 0)
  const one = (what: string, found: DrizzleTable[]): DrizzleTable | undefined => {
    if (found.length > 1)
      unknown.push(
        `Which table has the ${what}: ${found.map(({ variable, file }) => `${variable} (${file.path})`).join(" or ")}. The lines below take none of them; name yours in LazyAdapter.`,
      )
    return found.length === 1 ? found[0] : undefined
  }
  const having = (...names: string[]) => tables.filter(({ columns }) => names.every((name) => columns.has(name)))
  const users = tables.filter(isUsers)
  const lazy = users.filter(({ columns }) => columns.has("lazySince"))
  const usersTable = one("users", lazy.length > 0 ? lazy : users)
  if (usersTable) refuseNumbers(usersTable)
  const found = {
    usersTable,
    accountsTable: one("accounts", having("provider", "providerAccountId", "type")),
    sessionsTable: one("sessions", having("sessionToken", "expires")),
    verificationTokensTable: one("verification tokens", having("identifier", "token", "expires")),
    authenticatorsTable: one("passkeys", having("credentialID", "credentialPublicKey")),
    passwordsTable: one("passwords", having("userId", "hash", "updatedAt")),
  }
  return { ...found, unknown }
}

const USES_CREATOR = /=\s*\w*[tT]able\w*\s*\(\s*["'`]/

function isUsers({ variable, table, columns }: DrizzleTable): boolean {
  if (!columns.has("id") || !columns.has("email")) return false
  return /^_?(?:auth_?)?users?(?:_?table)?$/i.test(variable) || /^(?:auth_)?users?$/i.test(table)
}

function refuseNumbers({ file, columns, variable }: DrizzleTable): void {
  const type = /\b(serial|bigserial|smallserial|integer|bigint)\s*\(/.exec(columns.get("id") ?? "")?.[1]
  if (type === undefined) return
  throw new LazySetupError(
    `init: ${variable}.id in ${file.path} is ${type}, and the ids of lazy users are UUIDs, which need a column of text or uuid. Nothing was written. See node_modules/authjs-lazy/docs/own-tables.md.`,
  )
}

function tablesIn(file: SourceFile, makers: string[]): DrizzleTable[] {
  const names = makers.map((name) => name.replaceAll(/[.$]/g, "\\$&")).join("|")
  const calls = new RegExp(
    `(?:export\\s+)?const\\s+(\\w+)\\s*(?::[^=]+)?=\\s*(${names})\\s*\\(\\s*["'\`]([^"'\`]+)["'\`]\\s*,`,
    "g",
  )
  return [...file.code.matchAll(calls)].flatMap(
    ({ 0: start, 1: variable = "", 2: made = "", 3: table = "", index }) => {
      const { code } = file
      const open = code.indexOf("{", index + start.length)
      const callEnd = closingBracket(code, code.indexOf("(", index + start.indexOf(made)))
      const close = open === -1 ? undefined : closingBracket(code, open)
      if (close === undefined || callEnd === undefined || open > callEnd) return []
      // `(d) => ({ … })` closes one more bracket.
      const rest = code.slice(close + 1, callEnd).replace(/^\s*\)/, "")
      return [
        {
          file,
          variable,
          table,
          made,
          columns: columnsOf(code.slice(open + 1, close)),
          columnsEnd: lineAt(code, close),
          hasRules: /^\s*,\s*\S/.test(rest),
        },
      ]
    },
  )
}

function columnsOf(code: string): Map<string, string> {
  const columns = new Map<string, string>()
  for (const part of splitAtCommas(code)) {
    const [, name, value] = /^["']?(\w+)["']?\s*:\s*(.*)$/s.exec(part) ?? []
    if (name !== undefined) columns.set(name, value as string)
    // What authjs-lazy spreads stands for its columns.
    else if (/^\.\.\.\s*lazyColumns\b/.test(part))
      for (const column of ["username", "lazySince", "convertedAt", "seenAt"]) columns.set(column, part)
  }
  return columns
}
