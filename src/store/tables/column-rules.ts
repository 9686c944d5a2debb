import type { ColumnFamily } from "./column-family.js"
import type { NamedTable, schema } from "./schema.js"

type UserRow = typeof schema.usersTable.$inferSelect

/** What the library and Auth.js require of a column. */
export interface ColumnRule {
  /** The families that work. */
  families: readonly ColumnFamily[]
  /** The line to paste where the column is missing or wrong. */
  line: string
  /** Whether a table may do without the column. */
  isOptional?: boolean
  /**
   * Whether the column must take null, in rows that it says nothing about. A boolean takes false.
   */
  isNullable?: boolean
  /**
   * The harm of a default in the database. `lazy`: users who sign up look lazy or converted.
   * `proven`: users that the app inserts itself look as if they had proven their address.
   */
  defaultMakes?: "lazy" | "proven"
  /** How many characters it must hold. */
  length?: number
  /** The number of characters that names and hashes of the library need by default. */
  usualLength?: number
  /** Whether inserts leave it out: `always` for lazy users, or `sometimes`; otherwise never. */
  leftOut?: "always" | "sometimes"
  /** Whether rows are found by it, so that one value must always be written in the same form. */
  isLookedUp?: boolean
  /** The values that an enum of the app must have, where one may be used. */
  values?: readonly string[]
  /** Whether it may change with every update. */
  changes?: boolean
  /** Whether the purge and the statistics read it, in a database whose other columns are unknown. */
  isCounted?: boolean
}

const ID_LENGTH = 36
/** `guest-` and ten characters. */
const NAME_LENGTH = 16
/** An argon2id hash of the weakest cost that is allowed, and of the default cost. */
const [HASH_LENGTH, USUAL_HASH_LENGTH] = [96, 97]

const STRINGS = ["string"] as const
const counted = (rule: ColumnRule): ColumnRule => ({ ...rule, isCounted: true })
const id = (line: string): ColumnRule => ({ families: ["string", "uuid"], line, length: ID_LENGTH, isLookedUp: true })
const userId = (mapping = `.notNull().references(() => users.id, { onDelete: "cascade" })`) =>
  counted(id(`userId: text("userId")${mapping}`))
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

/** The rules for every column, by the options of `LazyAdapter` and the properties of columns. */
export const COLUMN_RULES: Record<NamedTable, Record<string, ColumnRule>> = {
  usersTable: {
    id: counted(id(`id: text("id").primaryKey()`)),
    name: { ...string("name"), leftOut: "always", isOptional: true },
    email: key("email", ".unique()"),
    emailVerified: {
      ...moment("emailVerified"),
      families: ["moment", "boolean"],
      isNullable: true,
      isOptional: true,
      defaultMakes: "proven",
    },
    image: { ...string("image"), leftOut: "always", isOptional: true },
    username: { ...key("username", ".unique()"), isNullable: true, usualLength: NAME_LENGTH },
    lazySince: { ...moment("lazySince"), isNullable: true, defaultMakes: "lazy", isCounted: true },
    convertedAt: { ...moment("convertedAt"), isNullable: true, defaultMakes: "lazy", isCounted: true },
    seenAt: { ...moment("seenAt"), isNullable: true, isCounted: true },
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
    expires: counted(moment("expires", ".notNull()")),
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
    transports: { ...string("transports"), leftOut: "sometimes" },
  },
  passwordsTable: {
    userId: userId(`.primaryKey().references(() => users.id, { onDelete: "cascade" })`),
    hash: { ...string("hash", ".notNull()"), length: HASH_LENGTH, usualLength: USUAL_HASH_LENGTH },
    updatedAt: { ...moment("updatedAt", ".notNull().defaultNow()"), changes: true },
  },
  lazyOutcomesTable: {
    id: counted(id(`id: text("id").primaryKey()`)),
    at: counted(moment("at", ".notNull()")),
    outcome: counted({ ...string("outcome", ".notNull()"), values: ["converted", "merged", "purged", "deleted"] }),
    way: counted({ ...string("way"), isNullable: true }),
    since: counted(moment("since", ".notNull()")),
    users: counted(integer("users", ".notNull()")),
  },
}

/** Returns the rule for a column; undefined for a column of the app's own. */
export function ruleFor(key: NamedTable, property: string): ColumnRule | undefined {
  // A property may be called like a member of every object: `constructor`.
  return Object.hasOwn(COLUMN_RULES[key], property) ? COLUMN_RULES[key][property] : undefined
}

/** The columns of the user table that every insert of the library writes, apart from the id. */
export const WRITTEN_USER_COLUMNS = Object.entries(COLUMN_RULES.usersTable).flatMap(([property, { leftOut }]) =>
  leftOut || property === "id" ? [] : [property as keyof UserRow],
)

/** The columns of the user table in which any value but null says something about the user. */
export const TELLING_USER_COLUMNS = Object.entries(COLUMN_RULES.usersTable).flatMap(([property, { defaultMakes }]) =>
  defaultMakes ? [property as "emailVerified" | "lazySince" | "convertedAt"] : [],
)

/** The columns that a user table may do without. */
export const OPTIONAL_USER_COLUMNS = Object.entries(COLUMN_RULES.usersTable).flatMap(([property, { isOptional }]) =>
  isOptional ? [property as "name" | "image" | "emailVerified"] : [],
)

/** Says what is missing where an address is proven, as by an e-mail link. */
export const NO_PROOFS =
  "an e-mail link proves an address, but usersTable has no column `emailVerified` to record the proof. " +
  `Add to it: ${COLUMN_RULES.usersTable.emailVerified?.line}`
