import type { PgTable } from "drizzle-orm/pg-core"
import { otherAdapterTables } from "../../store/other-adapters.js"
import { holdingUsers, readUsersLike, type UsersLike } from "../../store/sql/catalogue/lazy-tables.js"
import type { Database } from "../../store/sql/database.js"
import { qualifiedName } from "../../store/sql/identifiers.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import { schema } from "../../store/tables/schema.js"
import {
  hadLazyUsers,
  hasLazyUsers,
  hasUsers,
  listTables,
  readableOnes,
  withoutOwn,
} from "../../store/users/other-users.js"
import type { Finding, Severity } from "../finding.js"
import { type Facts, namesIn, tableUnder } from "../tables/facts.js"

/** The circumstances that decide how serious other tables of users are. */
interface Sight {
  /** Whether the app named its tables, so that the default ones are no guess. */
  isKnown: boolean
  /** The names of the examined tables. */
  examined: string[]
}

/**
 * Reports that the examined tables don't seem to be those in which the app keeps its users. Reads
 * rows only where other tables look as if they held users.
 */
export async function checkOtherTables(
  tx: Database,
  tables: Tables,
  facts: Facts,
  { isKnown }: { isKnown: boolean },
): Promise<Finding[]> {
  const { usersTable } = tables
  const users = tableUnder(facts, "usersTable")
  const all = await readUsersLike(tx)
  const others = isKnown ? withoutOwn(all, usersTable, users?.oid) : all.filter(({ oid }) => oid !== users?.oid)
  const sight = { isKnown, examined: facts.tables.flatMap(({ facts }) => facts?.label ?? []) }
  if (!users || !namesIn(tx, users, [usersTable.lazySince, usersTable.convertedAt]))
    return checkMissing(tx, tables, users?.label, others, sight)
  if (others.length === 0) return []
  const lazy = others.filter(({ lazySince }) => lazySince !== null)
  return (await hasLazyUsers(tx, tables))
    ? checkSecond(tx, users.label, lazy, sight)
    : checkEmpty(tx, tables, users.label, others, sight)
}

/** Reports where the users seem to be when the examined table is missing, or has no lazy users. */
async function checkMissing(
  tx: Database,
  { usersTable }: Tables,
  label: string | undefined,
  others: UsersLike[],
  sight: Sight,
): Promise<Finding[]> {
  const name = label ?? qualifiedName(usersTable).replaceAll('"', "")
  const what = label === undefined ? `There is no table ${name}` : `The table ${name} has no columns for lazy users`
  const lazy = others.filter(({ lazySince }) => lazySince !== null)
  if (lazy.length > 0)
    return [finding("error", `${what}, but ${listTables(lazy)} ${has(lazy)} such columns. ${WRONG}`, name, sight)]
  const isDefault = !sight.isKnown || (usersTable as PgTable) === schema.usersTable
  if (label !== undefined || !isDefault) return []
  const adapter = (await otherAdapterTables(tx)).filter((other) => !sight.examined.includes(other))
  const named = others.map(({ label }) => label)
  if (adapter.length + named.length === 0) return []
  const found = [...new Set([...named, ...adapter])].slice(0, 3).join(", ")
  return [
    finding(
      "error",
      `${what}, but the app seems to have its users in other tables (${found}). Add lazyColumns() to the definition of its user table and give it to LazyAdapter. ` +
        "If the app is to use the default tables beside them, run: npx authjs-lazy migrate --beside",
      name,
      sight,
    ),
  ]
}

const WRONG = "The doctor, the purge and the statistics look at the wrong tables."

const has = (tables: UsersLike[]) => (tables.length === 1 ? "has" : "have")

/** Reports other tables with lazy users beside those in the examined one. */
async function checkSecond(tx: Database, label: string, lazy: UsersLike[], sight: Sight): Promise<Finding[]> {
  const found = sight.isKnown ? [] : await holdingUsers(tx, readableOnes(lazy))
  if (found.length === 0) return []
  return [
    finding(
      "info",
      `There are lazy users in ${listTables(found)} as well as in ${label}. Only ${label} was examined.`,
      label,
      sight,
    ),
  ]
}

/** Reports that the lazy users seem to be elsewhere, as there are none in the examined table. */
async function checkEmpty(
  tx: Database,
  tables: Tables,
  label: string,
  others: UsersLike[],
  sight: Sight,
): Promise<Finding[]> {
  const lazy = others.filter(({ lazySince }) => lazySince !== null)
  const found = await holdingUsers(tx, readableOnes(lazy))
  if (found.length > 0)
    return sight.isKnown && (await hadLazyUsers(tx, tables))
      ? []
      : [
          finding(
            "error",
            `There is no lazy user in ${label}, but there are some in ${listTables(found)}. ${WRONG}`,
            label,
            sight,
          ),
        ]
  if (sight.isKnown) return []
  if (lazy.length > 0)
    return [
      finding(
        "warning",
        `There is no lazy user in ${label}, and ${listTables(lazy)} ${has(lazy)} columns for lazy users, too. The doctor can't tell which table the app uses.`,
        label,
        sight,
      ),
    ]
  const plain = others.length === 0 || (await hasUsers(tx, tables)) ? [] : await holdingUsers(tx, readableOnes(others))
  if (plain.length === 0) return []
  return [
    finding(
      "warning",
      `There is no user in ${label}, but the app seems to have its users in ${listTables(plain)}, so nothing may ever use the default tables.`,
      label,
      sight,
    ),
  ]
}

function finding(severity: Severity, message: string, where: string, { isKnown }: Sight): Finding {
  return {
    code: "other_tables",
    severity,
    message,
    fix: isKnown
      ? "LazyAdapter(db, { usersTable }) // the table of your users"
      : "npx authjs-lazy doctor --config auth.ts",
    where,
  }
}
