import { isNotNull, sql } from "drizzle-orm"
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { holdingUsers, readUsersLike, type UsersLike } from "../sql/catalogue/lazy-tables.js"
import { readVisibility } from "../sql/catalogue/rights.js"
import { readTable, tableExists } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import { queryRows } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"

/**
 * Refuses to report that there was nothing to do where the user table never had a lazy user, but
 * another table has some: the definitions are not those that the app runs with. A few queries.
 * @param work the method, as errors name it
 * @throws LazySetupError naming the tables
 */
export async function refuseOtherUsers(db: Database, tables: Tables, work: "purge" | "stats"): Promise<void> {
  const { usersTable } = tables
  await refuseHiddenUsers(db, usersTable, work)
  const others = (await otherUserTables(db, usersTable)).filter(({ lazySince }) => lazySince !== null)
  if (others.length === 0 || (await hasLazyUsers(db, tables))) return
  const found = await holdingUsers(db, readableOnes(others))
  if (found.length === 0 || (await hadLazyUsers(db, tables))) return
  throw new LazySetupError(
    `${work}: there was never a lazy user in the table ${qualifiedName(usersTable)}, but there are some in ${listTables(found)}. ` +
      "Pass the tables of your app: LazyAdapter(db, { usersTable, … }). " +
      `If the others belong to another app, write lazy.${work}({ beside: true }).`,
  )
}

/** Refuses where no user is to be seen because row-level security hides them from the role. */
async function refuseHiddenUsers(db: Database, usersTable: Tables["usersTable"], work: string): Promise<void> {
  const [users] = await readVisibility(db, qualifiedName(usersTable), [])
  if (!users?.hidesRows || (await hasUsers(db, { usersTable }))) return
  throw new LazySetupError(
    `${work}: row-level security hides the rows of ${users.label} from this role, which sees no user at all. ` +
      "Use a role that sees all rows: alter role … bypassrls;",
  )
}

/**
 * Finds the other tables that look as if they held users. Where the definition names its schema,
 * tables of that name in other schemas are those of other tenants, and left out. Two queries.
 */
async function otherUserTables(db: Database, usersTable: PgTable): Promise<UsersLike[]> {
  const all = await readUsersLike(db)
  // The schema of the own table may be closed to the role, for which to_regclass() fails.
  const own = all.length === 0 ? undefined : await readTable(db, usersTable)
  return withoutOwn(all, usersTable, own?.oid)
}

/** Leaves out the user table itself, by its oid, and its namesakes where it names its schema. */
export function withoutOwn(all: UsersLike[], usersTable: PgTable, own: number | undefined): UsersLike[] {
  const { name, schema } = getTableConfig(usersTable)
  return all.filter((table) => table.oid !== own && (schema === undefined || table.name !== name))
}

/** Picks the tables whose rows the role sees. */
export const readableOnes = (tables: readonly UsersLike[]): UsersLike[] => tables.filter(({ readable }) => readable)

/** Tells whether there is a lazy user now. One query, by the index of the purge. */
export async function hasLazyUsers(db: Database, { usersTable }: Pick<Tables, "usersTable">): Promise<boolean> {
  return anyRow(db, sql`select from ${usersTable} where ${isLazyUser(usersTable)} limit 1`)
}

/** Tells whether there ever was a lazy user, as far as the database still knows. */
export async function hadLazyUsers(db: Database, { usersTable, lazyOutcomesTable }: Tables): Promise<boolean> {
  if (await anyRow(db, sql`select from ${usersTable} where ${isNotNull(usersTable.lazySince)} limit 1`)) return true
  if (!lazyOutcomesTable || !(await tableExists(db, lazyOutcomesTable))) return false
  return anyRow(db, sql`select from ${lazyOutcomesTable} limit 1`)
}

/** Tells whether there is any user. One query. */
export const hasUsers = (db: Database, { usersTable }: Pick<Tables, "usersTable">): Promise<boolean> =>
  anyRow(db, sql`select from ${usersTable} limit 1`)

async function anyRow(db: Database, rows: ReturnType<typeof sql>): Promise<boolean> {
  const [found] = await queryRows<{ found: boolean }>(db, sql`select exists (${rows}) as found`)
  return found?.found === true
}

/** The number of tables that a message names. */
const NAMED = 3

/** Lists tables in a sentence, the first few by name. */
export function listTables(tables: readonly UsersLike[]): string {
  const names = tables.slice(0, NAMED).map(({ label }) => label)
  const rest = tables.length - names.length
  return rest > 0 ? `${names.join(", ")} and ${rest} more` : names.join(", ")
}
