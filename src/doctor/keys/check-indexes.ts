import type { Index, IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"
import { about, createIndex, isIndexed } from "./indexes.js"
import type { Lookup } from "./lookups.js"

/** Reports foreign keys and columns with user ids that no index begins with. */
export function checkLookups(lookups: Lookup[], tables: IndexedTable[]): Finding[] {
  const seen = new Set<string>()
  return lookups.flatMap(({ table: oid, columns }) => {
    const table = tables.find((table) => table.oid === oid)
    const where = `${table?.label}.${columns.join(", ")}`
    if (!table || seen.has(where) || isIndexed(table, columns)) return []
    seen.add(where)
    return [
      {
        code: "lookup_index",
        severity: "warning",
        message: `Purges and merges look up rows of ${table.label} (${about(table)}) by ${columns.join(", ")}, but no index begins with it: each user costs a scan of the whole table.`,
        fix: createIndex(table, `(${columns.map(quoted).join(", ")})`),
        where,
      },
    ]
  })
}

/** The names that the columns of the purge's index have in the database. */
export interface PurgeIndexColumns {
  id: string
  seenAt: string
  lazySince: string
  convertedAt: string
}

/** Reports that no index, of any name, finds old lazy users for the purge. */
export function checkPurgeIndex(users: IndexedTable, columns: PurgeIndexColumns, name: string): Finding[] {
  const candidates = users.indexes.filter(
    ({ keys, ...index }) =>
      index.method === "btree" &&
      keys[0]?.column === columns.seenAt &&
      keys[1]?.column === columns.id &&
      holdsLazyUsers({ keys, ...index }, columns),
  )
  if (candidates.some(({ valid }) => valid)) return []
  const [seenAt, id, lazySince, convertedAt] = [columns.seenAt, columns.id, columns.lazySince, columns.convertedAt].map(
    quoted,
  )
  const [broken] = candidates
  return [
    {
      code: "purge_index",
      severity: "warning",
      message: broken
        ? `The index ${broken.target} is not valid, because CREATE INDEX CONCURRENTLY did not finish, so the purge reads all of ${users.label} (${about(users)}) to find lazy users.`
        : `The purge reads all of ${users.label} (${about(users)}) to find lazy users: it has no index by ${columns.seenAt} and ${columns.id}.`,
      fix: broken
        ? `reindex index ${users.kind === "p" ? "" : "concurrently "}${broken.target};`
        : createIndex(users, `(${seenAt}, ${id}) where (${lazySince} is not null and ${convertedAt} is null)`, name),
      where: users.label,
    },
  ]
}

/**
 * Tells whether an index holds every lazy user that was ever seen: its predicate, if it has one, is
 * true for all of them.
 */
function holdsLazyUsers({ predicate }: Index, { seenAt, lazySince, convertedAt }: PurgeIndexColumns): boolean {
  const conditions = predicate === null ? [] : predicate.replaceAll(/[()]/g, "").split(" AND ")
  const isNamed = (sql: string, column: string) => sql === column || sql === quoted(column)
  return conditions.every((condition) => {
    const [, name = "", not] = /^(.*) IS (NOT )?NULL$/.exec(condition) ?? []
    return not ? isNamed(name, lazySince) || isNamed(name, seenAt) : isNamed(name, convertedAt)
  })
}
