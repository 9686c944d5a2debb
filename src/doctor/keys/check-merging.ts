import { GENERATED } from "../../store/merge/references/reference-problems.js"
import type { UserReferences } from "../../store/merge/references/references.js"
import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import type { Index, IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"

/** What keeps lazy users from being merged at all. */
export function checkMergeable({ problems, tables }: UserReferences, keys: DeclaredKey[]): Finding[] {
  return problems.map(({ table, constraint, reason }) => {
    if (constraint === undefined)
      return {
        code: "merge_impossible",
        severity: "error",
        message: `No lazy user can be merged, because of table ${table}: ${reason}.`,
        fix: "LazyAdapter(db, { usersTable }) // the table behind it",
        where: table,
      }
    const key = keys.find(({ name, label }) => name === constraint && label === table)
    const target = key?.declaredOn.target ?? tables.find(({ label }) => label === table)?.target
    const isGenerated = key === undefined || reason === GENERATED
    return {
      code: "merge_impossible",
      severity: "error",
      message: `No lazy user can be merged, because of ${constraint} of table ${table}: ${reason}. If it has to stay, set lazy.merge to "never".`,
      fix: isGenerated
        ? `alter table ${target} alter column ${quoted(key?.columns[0] ?? constraint)} drop expression;`
        : `alter table ${target} drop constraint ${quoted(constraint)};`,
      where: `${table}.${constraint}`,
    }
  })
}

/** The tables of which a row may not be able to move, because the real user has one like it. */
export function checkMergeRules({ tables }: UserReferences, indexed: IndexedTable[]): Finding[] {
  return tables.flatMap(({ oid, label, userColumns, checks, rules: concerning }) => {
    const names = userColumns.map(({ name }) => name)
    const indexes = indexed.find((table) => table.oid === oid)?.indexes ?? []
    const rules = indexes.filter((index) => canCollide(index, names, indexes)).map(describe)
    if (checks.length > 0) rules.push("a check")
    if (concerning.some(({ operators }) => operators !== null)) rules.push("an exclusion constraint")
    if (rules.length === 0) return []
    return [
      {
        code: "merge_rules",
        severity: "info",
        message: `A row of ${label} can't move to a real user who has one that collides with it (${rules.join("; ")}). In a merge the real user's row stays. The lazy user's is handed to lazy.onMerge, what hangs on it moves to the real user's if a unique rule names a single one, and then it is deleted; or lazy.onConflict: "error" refuses such merges.`,
        fix: `lazy: { onMerge: ({ tx, into, conflicts }) => combine(tx, into, conflicts[${JSON.stringify(label)}] ?? []) }`,
        where: label,
      },
    ]
  })
}

function canCollide(index: Index, userColumns: string[], all: Index[]): boolean {
  const holdsUser = ({ keys }: Index) =>
    keys.some(({ column, sql }) => userColumns.some((name) => (column === null ? sql.includes(name) : column === name)))
  // Rows that differ in some of the columns, as others rules demand, differ in all of them.
  const isDecided = all.some(
    (other) =>
      other.unique &&
      other.predicate === null &&
      !holdsUser(other) &&
      other.keys.every(({ column }) => column !== null && index.keys.some((key) => key.column === column)),
  )
  return index.unique && holdsUser(index) && !isDecided
}

const describe = ({ keys, predicate }: Index) =>
  `unique on ${keys.map(({ sql }) => sql).join(", ")}${predicate === null ? "" : ` where ${predicate}`}`
