import { GENERATED } from "../../store/merge/references/reference-problems.js"
import type { RuledReferences } from "../../store/merge/references/references.js"
import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import type { Index, IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"

/** Reports what makes merging impossible for every lazy user. */
export function checkMergeable({ problems, tables }: RuledReferences, keys: DeclaredKey[]): Finding[] {
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
      message: `No lazy user can be merged, because of ${constraint} of table ${table}: ${reason}. If you need it, set lazy.merge to "never".`,
      fix: isGenerated
        ? `alter table ${target} alter column ${quoted(key?.columns[0] ?? constraint)} drop expression;`
        : `alter table ${target} drop constraint ${quoted(constraint)};`,
      where: `${table}.${constraint}`,
    }
  })
}

/**
 * Reports the tables whose rows may be unable to move, because a row of the real user collides with
 * them.
 */
export function checkMergeRules({ tables }: RuledReferences, indexed: IndexedTable[]): Finding[] {
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
        message: `A row of ${label} can't move to a real user with a row that collides with it (${rules.join("; ")}). A merge keeps the real user's row and hands the lazy user's to lazy.onMerge. Rows that refer to it move to the real user's row if exactly one collides by a unique rule; then it is deleted. lazy.onConflict: "error" refuses such merges instead.`,
        fix: `lazy: { onMerge: ({ tx, into, conflicts }) => combine(tx, into, conflicts[${JSON.stringify(label)}] ?? []) }`,
        where: label,
      },
    ]
  })
}

function canCollide(index: Index, userColumns: string[], all: Index[]): boolean {
  const holdsUser = ({ keys }: Index) =>
    keys.some(({ column, sql }) => userColumns.some((name) => (column === null ? sql.includes(name) : column === name)))
  // Rows that another rule keeps apart in some of these columns can't be equal in all of them.
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
