import { eq, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { hidesRows, label } from "./catalogue.js"
import type { Database } from "./database.js"
import { qualifiedName } from "./identifiers.js"
import { queryRows } from "./query.js"

/** The rows of a table that were deleted. */
export interface EndedRows {
  rows: number
  /** The name of the table in reports. */
  label: string
}

/**
 * Deletes every row of a user by which somebody can be in the account, or come back to it. No such row may stay unnoticed, whatever triggers, rules and
 * row-level security make of the DELETE.
 * @returns how many there were, and of which table; none where the app has no such table
 * @throws LazySetupError where a row stays, or could stay unseen
 */
export async function endRows(tx: Database, table: PgTable, column: AnyPgColumn, userId: string): Promise<EndedRows> {
  const name = qualifiedName(table)
  const [found] = await queryRows<{ label: string; hides: boolean; intercepts: boolean; role: string }>(
    tx,
    sql`select ${label("class")} as label, ${hidesRows("class")} as hides, quote_ident(current_user) as role, relkind not in ('r', 'p') or row_security_active(class.oid) or relhasrules or exists (
        select from pg_trigger
        where tgrelid = any (array(select class.oid union all select relid from pg_partition_tree(class.oid)))
          and not tgisinternal and tgenabled <> 'D'
      ) as intercepts
      from pg_class class where class.oid = to_regclass(${name})`,
  )
  if (!found) return { rows: 0, label: name }
  if (found.hides)
    throw new LazySetupError(
      `Row-level security hides rows of ${name} from this role, so nobody knows whether all of a user's are deleted. ` +
        `Let the role see and delete all of them: create policy lazy on ${name} to ${found.role} using (true) with check (true);`,
    )
  const isOfUser = eq(column, userId)
  const deleted = await tx.delete(table).where(isOfUser).returning({ userId: column })
  const left = found.intercepts ? await tx.select({ userId: column }).from(table).where(isOfUser).limit(1) : []
  if (left.length > 0)
    throw new LazySetupError(
      `A trigger, a rule or row-level security keeps rows of ${name} from being deleted, by which somebody could still be in the account. ` +
        "Let DELETE delete them; nothing was changed.",
    )
  return { rows: deleted.length, label: found.label }
}
