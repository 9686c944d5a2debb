import type { App } from "../look/app.js"
import type { DrizzleTable } from "../look/drizzle-schema.js"
import type { Edit } from "./types.js"

/** What the app's tables in Drizzle lack, and how the adapter gets them. */
export interface TablesPlan {
  edits: Edit[]
  /** The options of `LazyAdapter` by name, with the variables of the app. */
  options: Record<string, string>
  /** The variables to import, by the file that exports them. */
  imports: Map<string, string[]>
  /** Whether the address is NOT NULL. */
  emailRequired: boolean
  /** Whether sessions can't be in the database. */
  jwt: boolean
  notes: string[]
}

const TABLES = [
  "usersTable",
  "accountsTable",
  "sessionsTable",
  "verificationTokensTable",
  "authenticatorsTable",
] as const
/** The length of `…@lazy.invalid` before which a UUID stands. */
const LONGEST_ADDRESS = 49

/** Plans the lines for a users table of the app; undefined where it has none. */
export function planOwnTables({ tables, sources }: App): TablesPlan | undefined {
  const { usersTable } = tables
  if (!usersTable) return undefined
  const options: Record<string, string> = {}
  const imports = new Map<string, string[]>()
  const take = (option: string, variable: string, path: string) => {
    options[option] = variable
    imports.set(path, [...(imports.get(path) ?? []), variable])
  }
  for (const option of TABLES) {
    const table = tables[option]
    if (table) take(option, table.variable, table.file.path)
  }
  const edits = usersTable.columns.has("lazySince") ? [] : columnEdits(usersTable)
  const passwords = tables.passwordsTable ?? passwordsOf(usersTable)
  take("passwordsTable", passwords.variable, passwords.file.path)
  if (!tables.passwordsTable) edits.push(passwordsEdit(usersTable, passwords))
  const email = usersTable.columns.get("email") ?? ""
  return {
    edits,
    options,
    imports,
    emailRequired: /\.notNull\s*\(/.test(email),
    jwt: !tables.sessionsTable,
    notes: notesOn(usersTable, !sources.files.some(({ code }) => /\blegacyHash\b/.test(code))),
  }
}

function columnEdits({ file, variable, table, columnsEnd, hasRules }: DrizzleTable): Edit[] {
  const index = `lazyIndex(user${table === "user" ? "" : `, "${table}_lazy_idx"`})`
  return [
    { path: file.path, line: 1, place: "with the imports", lines: [LAZY_IMPORT] },
    {
      path: file.path,
      line: columnsEnd,
      place: `at the end of the columns of ${variable}`,
      lines: ["+    ...lazyColumns(),"],
    },
    {
      path: file.path,
      line: columnsEnd,
      place: hasRules
        ? `in the list that the last argument of ${variable} returns, where \`user\` is what it is given`
        : `behind the columns of ${variable}`,
      lines: [hasRules ? `+    ${index},` : `+  (user) => [${index}],`],
    },
  ]
}

const LAZY_IMPORT = '+import { lazyColumns, lazyIndex } from "authjs-lazy/drizzle"'

/** Names a table of passwords after that of the users. */
function passwordsOf({ variable, table, file }: DrizzleTable): Pick<DrizzleTable, "variable" | "table" | "file"> {
  const like = (name: string) => {
    const word = /users$/i.test(name.replace(/_?table$/i, "")) ? "passwords" : "password"
    const capital = /^[A-Z]/.test(name) ? `${word[0]?.toUpperCase()}${word.slice(1)}` : word
    return /Table$/.test(name) ? `${capital}Table` : capital
  }
  return { variable: like(variable), table: like(table), file }
}

function passwordsEdit(users: DrizzleTable, { variable, table }: Pick<DrizzleTable, "variable" | "table">): Edit {
  const id = users.columns.get("id") ?? ""
  const [, type = "text", length] = /\b(uuid|text|varchar|char)\s*\((?:[^()]*\blength:\s*(\d+))?/.exec(id) ?? []
  const userId = `${type}("userId"${length === undefined ? "" : `, { length: ${length} }`})`
  const imports = type === "text" ? "text" : `${type}, text`
  return {
    path: users.file.path,
    place: `below ${users.variable}, with ${imports} and timestamp imported from drizzle-orm/pg-core`,
    lines: [
      `+export const ${variable} = ${users.made}("${table}", {`,
      `+  userId: ${userId}`,
      "+    .primaryKey()",
      `+    .references(() => ${users.variable}.id, { onDelete: "cascade" }),`,
      '+  hash: text("hash").notNull(),',
      '+  updatedAt: timestamp("updatedAt", { mode: "date", withTimezone: true }).notNull().defaultNow(),',
      "+})",
    ],
  }
}

function notesOn({ variable, columns, file }: DrizzleTable, withHashes: boolean): string[] {
  const notes: string[] = []
  const email = columns.get("email") ?? ""
  const code = file.code
  if (!/\.unique\s*\(/.test(email) && !/\bunique(?:Index)?\s*\([^)]*\)\s*\.on\([^)]*email/s.test(code))
    notes.push(
      `Whether ${variable}.email is unique in the database: ${file.path} does not say so. Converting needs a unique rule: "Rules that must be there" in node_modules/authjs-lazy/docs/own-tables.md.`,
    )
  const length = Number(/\blength:\s*(\d+)/.exec(email)?.[1] ?? LONGEST_ADDRESS)
  if (length < LONGEST_ADDRESS)
    notes.push(
      `${variable}.email has room for ${length} characters, and the addresses of lazy users have ${LONGEST_ADDRESS}. Lengthen the column, or return a shorter address from generateEmail.`,
    )
  if (withHashes && (columns.has("password") || columns.has("passwordHash")))
    notes.push(
      `How ${variable}.${columns.has("password") ? "password" : "passwordHash"} is hashed. Old hashes go on by PasswordProvider({ legacyHash, verifyOther }): see node_modules/authjs-lazy/docs/passwords.md.`,
    )
  return notes
}
