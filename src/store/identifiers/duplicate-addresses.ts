import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { columnName, qualifiedName, quoted } from "../sql/identifiers.js"
import { queryDocument } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { missingRule } from "./require-unique.js"

/** How many addresses a report shows. */
const SHOWN = 10

/** Addresses that stand in the way of a unique rule on addresses in lower case. */
export interface DuplicateAddresses {
  /** How many addresses several users have, upper and lower case being the same. */
  addresses: number
  /** How many users have one of these. */
  users: number
  /** How many users have an address with capitals, under which sign-in does not find them. */
  mixedCase: number
  /** Ten of the addresses, masked, with the ids of up to ten users each. */
  examples: { address: string; userIds: string[] }[]
  /** Statements for the operator: one that lists all of them, and those that correct them. */
  sql: string[]
}

/**
 * Finds addresses that several users have, or that are not in lower case, in which this library
 * looks for them. Reads only.
 * @param users the condition for the users who keep their addresses; all of them by default
 */
export async function findDuplicateAddresses(
  db: Database,
  tables: Tables,
  users: SQL = sql`true`,
): Promise<DuplicateAddresses> {
  const { usersTable, activeUsers } = tables
  const { id, email } = usersTable
  const counts = await queryDocument<Omit<DuplicateAddresses, "sql">>(
    db,
    sql`with address as (
      select lower(${email}::text) as address, count(*) as users, count(*) filter (where ${email}::text <> lower(${email}::text)) as mixed,
        (array_agg(${id}::text order by ${id}))[1:10] as ids
      from ${usersTable}
      where ${email} is not null and (${users}) is true ${activeUsers ? sql`and ${activeUsers}` : sql``}
      group by 1
    )
    select json_build_object(
      'addresses', (count(*) filter (where users > 1))::float8,
      'users', coalesce(sum(users) filter (where users > 1), 0)::float8,
      'mixedCase', coalesce(sum(mixed), 0)::float8,
      'examples', (select coalesce(json_agg(json_build_object('address', address, 'userIds', ids)), '[]') from (
        select address, ids from address where users > 1 order by users desc, address limit ${SHOWN}
      ) as example)
    )::text as document from address`,
  )
  const examples = counts.examples.map(({ address, userIds }) => ({ address: maskedAddress(address), userIds }))
  return { ...counts, examples, sql: await statements(db, tables, counts) }
}

async function statements(
  db: Database,
  tables: Tables,
  { addresses, mixedCase }: Pick<DuplicateAddresses, "addresses" | "mixedCase">,
): Promise<string[]> {
  if (addresses === 0 && mixedCase === 0) return []
  const { usersTable } = tables
  const table = qualifiedName(usersTable)
  const [id, email] = [usersTable.id, usersTable.email].map((column) => quoted(columnName(db, column)))
  const rule = await missingRule(db, tables, "email")
  return [
    ...(addresses > 0
      ? [
          `select lower(${email}) as address, array_agg(${id} order by ${id}) as users from ${table} where ${email} is not null group by 1 having count(*) > 1 order by count(*) desc;`,
        ]
      : []),
    ...(mixedCase > 0
      ? [
          `update ${table} as mixed set ${email} = lower(${email}) where ${email} <> lower(${email}) and not exists (select from ${table} as other where other.${id} <> mixed.${id} and lower(other.${email}) = lower(mixed.${email}));`,
        ]
      : []),
    ...(rule === undefined ? [] : [rule]),
  ]
}

/** Masks an address for a report: the first two characters and the domain stay. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf("@")
  const [local, domain] = at < 0 ? [address, ""] : [address.slice(0, at), address.slice(at)]
  return `${[...local].slice(0, 2).join("")}***${domain}`
}
