import { LazySetupError } from "../errors.js"
import { readUsersLike, type UsersLike } from "./sql/catalogue/lazy-tables.js"
import { readTablesWith } from "./sql/catalogue/tables.js"
import type { Database } from "./sql/database.js"
import { quoted } from "./sql/identifiers.js"
import { listTables } from "./users/other-users.js"

/** The columns that Auth.js prescribes for accounts, sessions and verification tokens. */
const PRESCRIBED = [
  ["userid", "provider", "provideraccountid"],
  ["userid", "sessiontoken", "expires"],
  ["identifier", "token", "expires"],
]

/**
 * Finds tables of another Auth.js adapter, in any schema, by their columns. Their names differ
 * between adapters: `accounts`, `"Account"`, `shop_account`.
 * @returns their names: `table` in the schema public, `schema.table` elsewhere
 */
export function otherAdapterTables(db: Database): Promise<string[]> {
  return readTablesWith(db, PRESCRIBED)
}

/**
 * Refuses to migrate beside another adapter: the users of the app would stay in its tables, and
 * none of them could sign in.
 * @throws LazySetupError naming the tables of the other adapter
 */
export function refuseSecondSet(others: string[]): void {
  if (others.length === 0) return
  throw new LazySetupError(
    `The database has tables of another Auth.js adapter (${others.join(", ")}), and migrating would make a second, empty set beside them. ` +
      "Nothing was changed. To keep your users, spread lazyColumns() into the definition of your user table and give your tables to LazyAdapter; " +
      "to make the default tables anyway: authjs-lazy migrate --beside",
  )
}

/**
 * Finds the tables that have the columns of lazy users, in any schema and under any name, but for
 * the default table in the schema that is migrated.
 */
export async function otherLazyTables(db: Database, schema: string): Promise<UsersLike[]> {
  const found = await readUsersLike(db)
  const isDefault = (table: UsersLike) => table.schema === schema && table.name === "user"
  return found.filter((table) => table.lazySince !== null && !(isDefault(table) && table.lazySince === "lazySince"))
}

/**
 * Refuses to migrate where an app has lazy users in tables of its own: the purge and the statistics
 * would look into the new tables, and never find one.
 * @param beside whether those in other tables belong to another app
 * @throws LazySetupError naming the tables
 */
export function refuseSecondColumns(others: UsersLike[], schema: string, beside: boolean): void {
  const own = others.find(({ schema: its, name }) => its === schema && name === "user")
  if (own)
    throw new LazySetupError(
      `The table ${own.label} has the columns of lazy users under other names (${quoted(own.lazySince as string)}), and migrating would add them a second time. ` +
        "Nothing was changed. Give your definition of the table to LazyAdapter, and migrate it with drizzle-kit.",
    )
  if (beside || others.length === 0) return
  throw new LazySetupError(
    `The database has the columns of lazy users in ${listTables(others)}, and migrating would make a second, empty set of tables, in which no purge finds a user. ` +
      "Nothing was changed. To use your tables, give them to LazyAdapter, and name your configuration: npx authjs-lazy doctor --config auth.ts; " +
      "if they belong to another app: authjs-lazy migrate --beside",
  )
}
