import type { Column } from "../../store/sql/catalogue/columns.js"
import type { Index, IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"

/** The user table and its unique rules. */
interface RuledUsers {
  table: IndexedTable
  columns: Column[]
  /** The columns that are unique by design or filled by the Drizzle definition. */
  distinct: string[]
}

/** Reports unique rules that allow only one lazy user, since no insert fills their columns. */
export function checkOtherRules({ table, columns, distinct }: RuledUsers): Finding[] {
  return table.indexes
    .filter((index) => index.unique && index.valid && collides(index, columns, distinct))
    .map(({ target, constraint, keys, nullsNotDistinct }) => {
      const where = `${table.label}.${keys.map(({ column, sql }) => column ?? sql).join(", ")}`
      const drop =
        constraint === null
          ? `drop index ${target};`
          : `alter table ${table.target} drop constraint ${quoted(constraint)};`
      return {
        code: "unique_default",
        severity: "error",
        message: `A unique rule on ${where} allows only one user who has not set it: ${nullsNotDistinct ? "it counts nulls as equal" : "every new user gets the same default"}. The second lazy user can't be made.`,
        fix: nullsNotDistinct ? drop : dropDefaults(table, columns, keys),
        where,
      }
    })
}

function collides({ keys, nullsNotDistinct, predicate }: Index, columns: Column[], distinct: string[]): boolean {
  // Whether the predicate excludes new rows can't be told here.
  if (predicate !== null) return false
  return keys.every(({ column }) => {
    const found = columns.find(({ name }) => name === column)
    if (!found || found.generation !== null || found.isIdentity || distinct.includes(found.name)) return false
    // A default that calls a function, such as gen_random_uuid(), may differ per row.
    return found.default === null ? nullsNotDistinct && !found.notNull : !/[(]|^null\b/i.test(found.default)
  })
}

function dropDefaults({ target }: IndexedTable, columns: Column[], keys: Index["keys"]): string {
  return keys
    .flatMap(({ column }) => columns.filter(({ name }) => name === column))
    .map(({ name, notNull }) => {
      const column = `alter column ${quoted(name)}`
      return `alter table ${target} ${column} drop default${notNull ? `, ${column} drop not null` : ""};`
    })
    .join("\n")
}

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

/**
 * Tells whether `activeUsers` is needed: names are unique among some users only, and it is not set.
 */
export function checkPartialRules(table: IndexedTable, columns: string[], all: Column[]): Finding[] {
  return columns.flatMap((column) => {
    const rules = table.indexes.filter(
      ({ unique, valid, keys }) =>
        unique && valid && keys.some(({ column: name, sql }) => (name ?? sql).includes(column)),
    )
    const conditions = rules.map(({ predicate }) => predicate)
    // A condition on the column itself excludes values, not users.
    const others = all
      .filter(({ name }) => name !== column)
      .map(({ name }) => new RegExp(`(?<!\\w)${literally(name)}(?!\\w)`))
    const partial = conditions.find((condition) => others.some((name) => name.test(condition ?? "")))
    if (partial == null || conditions.includes(null)) return []
    return [
      {
        code: "active_users",
        severity: "warning",
        message: `${table.label}.${column} is unique only where ${partial}: two users can have one ${column}, and a sign-in may find the inactive one. Set activeUsers.`,
        fix: "LazyAdapter(db, { activeUsers: (users) => isNull(users.deletedAt) })",
        where: `${table.label}.${column}`,
      },
    ]
  })
}
