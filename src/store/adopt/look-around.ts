import type { PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { readVisibility } from "../sql/catalogue/rights.js"
import { isTable, noTable, readReferringTable, readTables, type TableFacts } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import type { Tables } from "../tables/resolve-tables.js"
import type { TellingTables } from "./find-users.js"

/** The tables of an adoption, as the database has them. */
export interface AdoptTables {
  users: TableFacts
  there: TellingTables
}

/**
 * Looks at the tables that tell real users from guests. An app without identities or passkeys needs
 * no tables for them.
 * @throws LazySetupError when the role can't see all rows of such a table, or the app seems to keep
 * its identities in another one
 */
export async function lookAround(db: Database, tables: Tables): Promise<AdoptTables> {
  const { usersTable, accountsTable, authenticatorsTable, passwordsTable } = tables
  const telling: PgTable[] = [accountsTable, authenticatorsTable, ...(passwordsTable ? [passwordsTable] : [])]
  const [users, accounts, authenticators, passwords] = await readTables(db, [usersTable, ...telling])
  if (!users) throw new LazySetupError(`adopt: there is no table ${qualifiedName(usersTable)} in this database.`)
  if (!isTable(users.kind)) throw new LazySetupError(`adopt: ${noTable(users.label)}`)
  if (!accounts) await refuseOtherAccounts(db, tables)
  const oids = [accounts, authenticators, passwords].flatMap((facts) => (facts ? [facts.oid] : []))
  const hidden = (await readVisibility(db, undefined, oids)).find(({ hidesRows }) => hidesRows)
  if (hidden)
    throw new LazySetupError(
      `adopt: row-level security hides rows of ${hidden.label} from this role, so real users could be taken for guests. ` +
        "Adopt as a role that sees all rows: alter role … bypassrls;",
    )
  return {
    users,
    there: { accounts: accounts != null, authenticators: authenticators != null, passwords: passwords != null },
  }
}

/** Keeps users with identities from being adopted because these are in a table of another name. */
async function refuseOtherAccounts(db: Database, { usersTable, accountsTable }: Tables): Promise<void> {
  const other = await readReferringTable(db, qualifiedName(usersTable), "provideraccountid")
  if (other === undefined) return
  throw new LazySetupError(
    `adopt: there is no table ${qualifiedName(accountsTable)}, and ${other} looks like the table of identities, by which real users are told from guests. ` +
      "Pass it: LazyAdapter(db, { accountsTable }).",
  )
}
