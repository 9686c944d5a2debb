import { readTablesWith } from "./sql/catalogue/tables.js"
import type { Database } from "./sql/database.js"

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
