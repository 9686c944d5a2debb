import { type SQL, sql } from "drizzle-orm"
import type { Column } from "../sql/catalogue/columns.js"
import type { Database } from "../sql/database.js"
import { columnName, quoted } from "../sql/identifiers.js"
import { queryDocument } from "../sql/query.js"
import { familyOfType } from "../tables/column-family.js"
import { HASH_FORM } from "../tables/legacy-hash.js"
import { type AdoptSearch, isGuest } from "./find-users.js"

/** A column of the user table with hashes of the app's own. */
export interface HashColumn {
  name: string
  /** Its name in reports: `table.column`. */
  label: string
  notNull: boolean
  /** How many of the guests have something in it. */
  rows: number
}

const CALLED_PASSWORD = /^_?((hashed|encrypted|crypted|user)_?)?(password|passwd)(_?(hash|digest|hashed|encrypted))?$/i

/**
 * Finds the columns of the user table that hold hashes: the one that the app names, those called
 * `password` or the like, and those in which a guest has a known kind of hash. One query.
 */
export async function findHashColumns(
  db: Database,
  search: AdoptSearch,
  users: { label: string; columns: Column[] },
): Promise<HashColumn[]> {
  const { usersTable } = search.tables
  const { legacyHash } = search.settings
  const named = legacyHash && columnName(db, legacyHash)
  const known = Object.values(ownColumns(search)).map((column) => columnName(db, column))
  const texts = users.columns.filter(
    ({ name, baseType, typeKind, generation }) =>
      typeKind === "b" && familyOfType(baseType) === "string" && generation === null && !known.includes(name),
  )
  if (texts.length === 0) return []
  const counted = texts.map(({ name }) => {
    const column = sql.raw(quoted(name))
    return sql`json_build_array(count(${column})::float8, count(*) filter (where ${column}::text ~ ${HASH_FORM})::float8)`
  })
  const counts = await queryDocument<[rows: number, hashes: number][]>(
    db,
    sql`select json_build_array(${sql.join(counted, sql`, `)})::text as document from ${usersTable} where ${isGuest(search)}`,
  )
  return texts.flatMap(({ name, notNull }, position) => {
    const [rows, hashes] = counts[position] ?? [0, 0]
    if (name !== named && !CALLED_PASSWORD.test(name) && hashes === 0) return []
    return [{ name, label: `${users.label}.${name}`, notNull, rows }]
  })
}

/** The columns of the user table that are this library's or Auth.js's, and so hold no hash. */
function ownColumns({ tables: { usersTable } }: AdoptSearch) {
  const { id, username, email, name, image } = usersTable
  return Object.fromEntries(
    Object.entries({ id, username, email, name, image }).filter(([, column]) => column !== undefined),
  )
}

/**
 * Builds the value that replaces a hash: null, or in a NOT NULL column a random text that is no
 * hash.
 */
export function emptied({ notNull }: HashColumn): SQL {
  return notNull ? sql`gen_random_uuid()::text` : sql`null`
}
