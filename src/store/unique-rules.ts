import type { Column, UniqueIndex } from "./catalogue.js"

/** A unique constraint or index, as far as a change of user ids concerns it. */
export interface UniqueRule {
  /** SQL expressions over the columns of the table, with their collation. */
  keys: string[]
  /** SQL condition: the rows that the rule is about; null for all. */
  predicate: string | null
  nullsNotDistinct: boolean
  /**
   * The user columns that are keys as they stand, if the rule takes notice of no others; null otherwise. A row that such a rule stops
   * collides with one that has the real user's id in one of them.
   */
  plain: Column[] | null
  /** Whether two rows that both move can collide, or one can take the place another one leaves. */
  contested: boolean
}

/** Picks the unique rules and the checks that take notice of a user column, also by way of a generated column. */
export function uniqueRules(
  columns: Column[],
  userColumns: Column[],
  indexes: UniqueIndex[],
  checks: string[],
): { rules: UniqueRule[]; checks: string[] } {
  // A name can be part of another one or of a string: too many hits cost time, never correctness.
  const mentioned = (text: string): Column[] => {
    const generations = columns.filter((column) => text.includes(column.sql)).map(({ generation }) => generation ?? "")
    return userColumns.filter(({ sql }) => [text, ...generations].some((part) => part.includes(sql)))
  }
  const rules = indexes.flatMap(({ keys, predicate, nullsNotDistinct }) => {
    const plain = userColumns.filter(({ name }) => keys.some(({ column }) => column === name))
    const others = keys.filter(({ column }) => !plain.some(({ name }) => name === column)).map(({ sql }) => sql)
    const elsewhere = mentioned([...others, predicate ?? ""].join(" "))
    if (plain.length + elsewhere.length === 0) return []
    return [
      {
        keys: keys.map(({ sql }) => sql),
        predicate,
        nullsNotDistinct,
        plain: elsewhere.every((column) => plain.includes(column)) ? plain : null,
        contested: elsewhere.length > 0 || plain.length > 1,
      },
    ]
  })
  return { rules, checks: checks.filter((check) => mentioned(check).length > 0) }
}
