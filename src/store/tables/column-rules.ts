import type { ColumnFamily } from "./column-family.js"
import type { NamedTable } from "./schema.js"

/** What the library and Auth.js require of a column. */
export interface ColumnRule {
  /** The families that work. */
  families: readonly ColumnFamily[]
  /** The line to paste where the column is missing or wrong. */
  line: string
  /**
   * Whether the column must take null, for users who were never lazy or have not converted.
   * `unset`: and must start as null.
   */
  nulls?: "nullable" | "unset"
  /** How many characters it must hold. */
  length?: number
  /** Whether some inserts leave it out. */
  isOptional?: boolean
  /** Whether rows are found by it, so that one value must always be written in the same form. */
  isLookedUp?: boolean
  /** The values that an enum of the app must have, where one may be used. */
  values?: readonly string[]
  /** Whether it may change with every update. */
  changes?: boolean
}

const ID_LENGTH = 36
/** An argon2id hash of the weakest cost that is allowed. */
const HASH_LENGTH = 96

const STRINGS = ["string"] as const
const id = (line: string): ColumnRule => ({ families: ["string", "uuid"], line, length: ID_LENGTH, isLookedUp: true })
const userId = (mapping = `.notNull().references(() => users.id, { onDelete: "cascade" })`) =>
  id(`userId: text("userId")${mapping}`)
const string = (name: string, rest = ""): ColumnRule => ({ families: STRINGS, line: `${name}: text("${name}")${rest}` })
const key = (name: string, rest = ".notNull()"): ColumnRule => ({ ...string(name, rest), isLookedUp: true })
const moment = (name: string, rest = ""): ColumnRule => ({
  families: ["moment"],
  line: `${name}: timestamp("${name}", { mode: "date", withTimezone: true })${rest}`,
})
const integer = (name: string, rest = ""): ColumnRule => ({
  families: ["integer"],
  line: `${name}: integer("${name}")${rest}`,
})

/** The rules for every column, by the options of `LazyAdapter` and the properties of the columns. */
export const COLUMN_RULES: Record<NamedTable, Record<string, ColumnRule>> = {
  usersTable: {
    id: id(`id: text("id").primaryKey()`),
    name: { ...string("name"), isOptional: true },
    email: key("email", ".unique()"),
    emailVerified: { ...moment("emailVerified"), nulls: "nullable" },
    image: { ...string("image"), isOptional: true },
    username: { ...key("username", ".unique()"), nulls: "nullable" },
    lazySince: { ...moment("lazySince"), nulls: "unset" },
    convertedAt: { ...moment("convertedAt"), nulls: "unset" },
    seenAt: { ...moment("seenAt"), nulls: "nullable" },
  },
  accountsTable: {
    userId: userId(),
    type: { ...string("type", ".notNull()"), values: [] },
    provider: { ...key("provider"), values: [] },
    providerAccountId: key("providerAccountId"),
  },
  sessionsTable: {
    sessionToken: id(`sessionToken: text("sessionToken").primaryKey()`),
    userId: userId(),
    expires: moment("expires", ".notNull()"),
  },
  verificationTokensTable: {
    identifier: key("identifier"),
    token: key("token"),
    expires: moment("expires", ".notNull()"),
  },
  authenticatorsTable: {
    credentialID: key("credentialID", ".notNull().unique()"),
    userId: userId(),
    providerAccountId: key("providerAccountId"),
    credentialPublicKey: string("credentialPublicKey", ".notNull()"),
    counter: integer("counter", ".notNull()"),
    credentialDeviceType: {
      ...string("credentialDeviceType", ".notNull()"),
      values: ["singleDevice", "multiDevice"],
    },
    credentialBackedUp: {
      families: ["boolean"],
      line: `credentialBackedUp: boolean("credentialBackedUp").notNull()`,
    },
    transports: string("transports"),
  },
  passwordsTable: {
    userId: userId(`.primaryKey().references(() => users.id, { onDelete: "cascade" })`),
    hash: { ...string("hash", ".notNull()"), length: HASH_LENGTH },
    updatedAt: { ...moment("updatedAt", ".notNull().defaultNow()"), changes: true },
  },
  lazyOutcomesTable: {
    id: id(`id: text("id").primaryKey()`),
    at: moment("at", ".notNull()"),
    outcome: { ...string("outcome", ".notNull()"), values: ["converted", "merged", "purged", "deleted"] },
    way: { ...string("way"), nulls: "nullable" },
    since: moment("since", ".notNull()"),
    users: integer("users", ".notNull()"),
  },
}

/** The columns that `lazyColumns()` brings. */
export const isOurs = (property: string): boolean =>
  ["username", "lazySince", "convertedAt", "seenAt"].includes(property)
