import type { AdapterAccountType } from "@auth/core/adapters"
import {
  type AnyPgColumn,
  boolean,
  integer,
  type PgColumnBuilderBase,
  type PgTableFn,
  pgSchema,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { newId } from "../../new-id.js"
import { markModel, type PrismaModelName } from "./prisma-model.js"
import type { LazyOutcome } from "./schema.js"

/**
 * Says how a model of `schema.prisma` differs from that of the documentation.
 * @example
 * const Account: PrismaModel = { table: "accounts", columns: { id: true, userId: "user_id" } }
 */
export interface PrismaModel {
  /**
   * The name of the table, as in `@@map`.
   * @default the name of the model
   * @example table: "users"
   */
  table?: string
  /**
   * The columns by the names of fields: the name in the database, as in `@map`; true or false for a
   * field that the model has or lacks; or a column of Drizzle for one of another type.
   * @default the fields of the documentation, under their own names
   * @example columns: { emailVerified: "email_verified", updatedAt: false }
   */
  columns?: Record<string, string | boolean | PgColumnBuilderBase>
}

/**
 * Options of {@link prismaTables}: the models that differ from those of the documentation.
 * @example
 * const options: PrismaTablesOptions = { ids: "uuid", User: { table: "users" } }
 */
export interface PrismaTablesOptions extends Partial<Record<Exclude<PrismaModelName, "LazyOutcome">, PrismaModel>> {
  /**
   * The model of `lazyOutcomesTable`, for statistics of users who are gone.
   * @default false: the schema has no such model
   * @example LazyOutcome: true
   */
  LazyOutcome?: PrismaModel | boolean
  /**
   * The type of ids of users: `"uuid"` for `@db.Uuid`.
   * @default "text"
   */
  ids?: "text" | "uuid"
  /**
   * Whether the address is NOT NULL, as in `email String`. Lazy users then need
   * `LazyProvider({ generateEmail })`.
   * @default false, for `email String?`
   */
  emailRequired?: boolean
  /**
   * The PostgreSQL schema of the tables, as in `@@schema`.
   * @default "public"
   */
  schema?: string
}

/**
 * Defines in Drizzle the tables that Prisma makes for `@auth/prisma-adapter` and this library, for
 * an app that goes on using PrismaClient on the same database. The models are those of
 * `docs/prisma.md`; options say where yours differ. As Prisma does, the client makes `id` and sets
 * `updatedAt`.
 * @throws LazySetupError when `columns` names an unknown field without a column of Drizzle
 * @example
 * const adapter = LazyAdapter(db, prismaTables())
 */
export function prismaTables(options: PrismaTablesOptions = {}) {
  const { ids = "text", emailRequired = false, schema = "public", LazyOutcome = false } = options
  const tableFn = schema === "public" ? pgTable : (pgSchema(schema).table as unknown as PgTableFn)
  const nameOf = (model: Exclude<PrismaModelName, "LazyOutcome">) => options[model]?.table ?? model
  const idOf = (name: string) => (ids === "uuid" ? (uuid(name) as unknown as ReturnType<typeof string>) : string(name))
  const ofUser = (name: string) =>
    idOf(name)
      .notNull()
      .references((): AnyPgColumn => usersTable.id, { onDelete: "cascade", onUpdate: "cascade" })

  const user = customize("User", options.User, {
    id: (name) => idOf(name).primaryKey().$defaultFn(newId),
    name: string,
    email: (name) =>
      (emailRequired ? (string(name).notNull() as unknown as ReturnType<typeof string>) : string(name)).unique(),
    emailVerified: moment,
    image: string,
    username: (name) => string(name).unique(),
    lazySince: moment,
    convertedAt: moment,
    seenAt: moment,
    updatedAt,
  })
  const usersTable = markModel(tableFn(nameOf("User"), user), "User")

  const account = customize("Account", options.Account, {
    userId: ofUser,
    type: (name) => string(name).$type<AdapterAccountType>().notNull(),
    provider: required,
    providerAccountId: required,
    refresh_token: string,
    access_token: string,
    expires_at: (name) => integer(name),
    token_type: string,
    scope: string,
    id_token: string,
    session_state: string,
    updatedAt,
  })
  const accountsTable = tableFn(nameOf("Account"), account, ({ provider, providerAccountId }) =>
    "id" in account ? [] : [primaryKey({ columns: [provider, providerAccountId] })],
  )

  const session = customize("Session", options.Session, {
    sessionToken: (name) => required(name).unique(),
    userId: ofUser,
    expires: (name) => moment(name).notNull(),
    updatedAt,
  })
  const sessionsTable = tableFn(nameOf("Session"), session)

  const verificationToken = customize("VerificationToken", options.VerificationToken, {
    identifier: required,
    token: required,
    expires: (name) => moment(name).notNull(),
  })
  const verificationTokensTable = tableFn(nameOf("VerificationToken"), verificationToken, ({ identifier, token }) => [
    primaryKey({ columns: [identifier, token] }),
  ])

  const authenticator = customize("Authenticator", options.Authenticator, {
    credentialID: (name) => required(name).unique(),
    userId: ofUser,
    providerAccountId: required,
    credentialPublicKey: required,
    counter: (name) => integer(name).notNull(),
    credentialDeviceType: required,
    credentialBackedUp: (name) => boolean(name).notNull(),
    transports: string,
  })
  const authenticatorsTable = tableFn(nameOf("Authenticator"), authenticator, ({ userId, credentialID }) =>
    "id" in authenticator ? [] : [primaryKey({ columns: [userId, credentialID] })],
  )

  const password = customize("Password", options.Password, {
    userId: (name) => ofUser(name).primaryKey(),
    hash: required,
    updatedAt,
  })
  const outcome = customize("LazyOutcome", typeof LazyOutcome === "object" ? LazyOutcome : undefined, {
    id: (name) => string(name).primaryKey(),
    at: (name) => moment(name).notNull(),
    outcome: (name) => string(name).$type<LazyOutcome>().notNull(),
    way: string,
    since: (name) => moment(name).notNull(),
    users: (name) => integer(name).notNull(),
  })
  const outcomeName = typeof LazyOutcome === "object" ? LazyOutcome.table : undefined

  return {
    usersTable,
    accountsTable: markModel(accountsTable, "Account"),
    sessionsTable: markModel(sessionsTable, "Session"),
    verificationTokensTable: markModel(verificationTokensTable, "VerificationToken"),
    authenticatorsTable: markModel(authenticatorsTable, "Authenticator"),
    passwordsTable: markModel(tableFn(nameOf("Password"), password), "Password"),
    ...(LazyOutcome !== false && {
      lazyOutcomesTable: markModel(tableFn(outcomeName ?? "LazyOutcome", outcome), "LazyOutcome"),
    }),
  }
}

const string = (name: string) => text(name)
const required = (name: string) => text(name).notNull()

/** A `DateTime` of Prisma: UTC, in milliseconds. */
const moment = (name: string) => timestamp(name, { mode: "date", precision: 3 })

/** An `@updatedAt` of Prisma, which its client sets and the database does not. */
const updatedAt = (name: string) =>
  moment(name)
    .notNull()
    .$defaultFn(() => new Date())
    .$onUpdateFn(() => new Date())

/** Fields that models have in some apps, but not in the documentation. */
const FURTHER: Fields = {
  id: (name) => string(name).primaryKey().$defaultFn(newId),
  createdAt: (name) => moment(name).notNull().defaultNow(),
  updatedAt,
}

/** The fields of a model, each with what makes its column under a name. */
type Fields = Record<string, (name: string) => PgColumnBuilderBase>

type ColumnsOf<Given extends Fields> = { [Field in keyof Given]: ReturnType<Given[Field]> }

/** Names, leaves out, replaces and adds columns. The type stays that of the documented model. */
function customize<Given extends Fields>(
  model: PrismaModelName,
  { columns: changes = {} }: PrismaModel = {},
  fields: Given,
): ColumnsOf<Given> {
  const columns: Record<string, PgColumnBuilderBase> = {}
  for (const [field, make] of Object.entries(fields)) {
    const change = changes[field] ?? true
    if (change === false) continue
    columns[field] = typeof change === "object" ? change : make(typeof change === "string" ? change : field)
  }
  for (const [field, change] of Object.entries(changes)) {
    if (change === false || field in fields) continue
    const make = FURTHER[field]
    if (typeof change !== "object" && !make)
      throw new LazySetupError(
        `prismaTables: ${model}.columns.${field} is not a field that this library knows. Give it a column of Drizzle: ` +
          `${model}: { columns: { ${field}: text("${field}") } }`,
      )
    columns[field] =
      typeof change === "object" ? change : (make as Fields[string])(typeof change === "string" ? change : field)
  }
  return columns as ColumnsOf<Given>
}
