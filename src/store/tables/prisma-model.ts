import type { PgTable } from "drizzle-orm/pg-core"

/** The models of `schema.prisma` that `prismaTables` defines. */
export type PrismaModelName =
  | "User"
  | "Account"
  | "Session"
  | "VerificationToken"
  | "Authenticator"
  | "Password"
  | "LazyOutcome"

/** A symbol that all copies of this library in one process share: tsx can load two. */
const MODEL = Symbol.for("authjs-lazy prisma model")

/** Marks a table as that of a model, so that the doctor speaks of `schema.prisma`. */
export function markModel<Table extends PgTable>(table: Table, model: PrismaModelName): Table {
  return Object.defineProperty(table, MODEL, { value: model })
}

/** Returns the model of a table that `prismaTables` has defined. */
export function modelOf(table: PgTable): PrismaModelName | undefined {
  return (table as { [MODEL]?: PrismaModelName })[MODEL]
}
