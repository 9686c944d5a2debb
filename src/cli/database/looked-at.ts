import type { PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { holdingUsers, readUsersLike, type UsersLike } from "../../store/sql/catalogue/lazy-tables.js"
import { readTables, type TableFacts } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import type { LazyAdapterOptions } from "../../store/tables/resolve-tables.js"
import { schema } from "../../store/tables/schema.js"
import { hasLazyUsers, hasUsers, listTables, readableOnes } from "../../store/users/other-users.js"

/**
 * Names the tables that a command looks at, as reports name them: `user`, or `shop.members`. Leaves
 * out missing ones. One query.
 */
export async function lookedAt(
  db: Database,
  tables: LazyAdapterOptions,
  command: "purge" | "stats",
): Promise<string[]> {
  const own = tables.usersTable !== undefined && (tables.usersTable as PgTable) !== schema.usersTable
  const outcomes = tables.lazyOutcomesTable ?? (own ? undefined : schema.lazyOutcomesTable)
  const used: (PgTable | undefined)[] = [
    tables.usersTable ?? schema.usersTable,
    command === "purge" ? (tables.sessionsTable ?? schema.sessionsTable) : outcomes,
  ]
  const facts = await readTables(
    db,
    used.filter((table) => table !== undefined),
  )
  return facts.flatMap((table) => table?.label ?? [])
}

/**
 * Refuses to look at the default tables where the lazy users seem to be in other ones. Without the
 * configuration of the app, nothing says which are the right ones. Says which other tables have
 * lazy users where both do.
 * @throws LazySetupError naming the tables
 */
export async function refuseWrongTables(
  db: Database,
  usersTable: typeof schema.usersTable,
  { command, onNote }: { command: "purge" | "stats"; onNote: (note: string) => void },
): Promise<void> {
  const [own] = await readTables(db, [usersTable])
  if (!own) return
  const others = (await readUsersLike(db)).filter(({ oid }) => oid !== own.oid)
  const lazy = others.filter(({ lazySince }) => lazySince !== null)
  const there = lazy.length > 0 && (await hasLazyUsers(db, { usersTable }))
  const found = await holdingUsers(db, readableOnes(lazy))
  if (there) {
    if (found.length > 0)
      onNote(`There are lazy users in ${listTables(found)} as well, at which ${command} did not look.`)
    return
  }
  const hidden = lazy.filter(({ readable }) => !readable)
  if (found.length > 0 || hidden.length > 0) throw wrongTables(own, found, hidden, command)
  const hasNobody = others.length > 0 && !(await hasUsers(db, { usersTable }))
  const plain = hasNobody
    ? await holdingUsers(db, readableOnes(others.filter(({ lazySince }) => lazySince === null)))
    : []
  if (plain.length > 0) throw wrongTables(own, plain, [], command)
}

function wrongTables({ label }: TableFacts, found: UsersLike[], hidden: UsersLike[], command: string): LazySetupError {
  const [first] = found
  const where =
    first === undefined
      ? `and this role can't see whether there are some in ${listTables(hidden)}`
      : first.lazySince === null
        ? `nor any user, but there are users in ${listTables(found)}`
        : `but there are some in ${listTables(found)}`
  return new LazySetupError(
    `${command} looked at the default table ${label}, and there is no lazy user in it, ${where}. ` +
      `Name the configuration of your app: npx authjs-lazy ${command} --config auth.ts. ` +
      `If the others belong to another app: npx authjs-lazy ${command} --beside`,
  )
}
