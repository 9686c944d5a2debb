import { and, eq, sql } from "drizzle-orm"
import { OtherUsersError } from "../errors.js"
import { countDeleted, type DeletedRows } from "./deleted-rows.js"
import type { Database } from "./lazy-store.js"
import { recordOutcomes } from "./outcomes.js"
import { queryRows } from "./raw-query.js"
import { isLazyUser } from "./schema.js"
import { qualifiedName } from "./table-names.js"
import type { Tables } from "./tables.js"

/** See `LazyStore.deleteLazyUser`. */
export function deleteLazyUser(
  db: Database,
  tables: Tables,
  userId: string,
  { counts = true }: { counts?: boolean } = {},
): Promise<boolean> {
  const { usersTable } = tables
  return db.transaction(async (tx) => {
    const { result, deleted } = await countDeleted(tx, () =>
      tx
        .delete(usersTable)
        .where(and(eq(usersTable.id, userId), isLazyUser(usersTable)))
        .returning({ since: usersTable.lazySince }),
    )
    const [user] = result
    if (!user) return false
    await refuseOtherUsers(tx, tables, deleted)
    if (counts) await recordOutcomes(tx, tables, [{ outcome: "deleted", since: user.since as Date, users: 1 }])
    return true
  })
}

/** By a foreign key from the user table to itself, or a trigger, others could go along, who need not even be lazy. */
async function refuseOtherUsers(tx: Database, { usersTable }: Tables, deleted: DeletedRows[]): Promise<void> {
  const several = deleted.filter(({ rows }) => rows > 1)
  if (several.length === 0) return
  const table = sql`to_regclass(${qualifiedName(usersTable)})`
  const [users] = await queryRows<{ oid: number }>(
    tx,
    sql`select coalesce(pg_partition_root(${table}), ${table})::oid::int8::float8 as oid`,
  )
  const others = several.find(({ oid }) => oid === users?.oid)
  if (others) throw new OtherUsersError(others.label)
}
