import type { TableColumn } from "../sql/catalogue/columns.js"
import type { IndexKey, RuleIndex } from "../sql/catalogue/indexes.js"

/** A unique index or an exclusion constraint, as far as it depends on columns that change. */
export interface UniqueRule {
  /** SQL expressions over the columns of the table, with their collation. */
  keys: string[]
  /** SQL condition for the rows under the rule; null for all rows. */
  predicate: string | null
  nullsNotDistinct: boolean
  /** The operators that exclude two rows, key by key; null for equality. */
  operators: string[] | null
  /**
   * The changing columns that are plain keys compared by equality, if the rule depends on no
   * others; null otherwise. A row that such a rule stops collides with a row that has a new value
   * in one of them.
   */
  plain: TableColumn[] | null
  /** Whether two rows that both move can collide, or one can take the place another one leaves. */
  contested: boolean
}

/**
 * Picks the unique rules and the checks that depend on a changing column, directly or through a
 * generated column.
 */
export function uniqueRules(
  columns: TableColumn[],
  changing: TableColumn[],
  indexes: RuleIndex[],
  checks: string[],
): { rules: UniqueRule[]; checks: string[] } {
  // A name can be part of another one or of a string: too many hits cost time, never correctness.
  const mentioned = (text: string): TableColumn[] => {
    const generations = columns.filter((column) => text.includes(column.sql)).map(({ generation }) => generation ?? "")
    return changing.filter(({ sql }) => [text, ...generations].some((part) => part.includes(sql)))
  }
  const rules = indexes.flatMap(({ keys, predicate, nullsNotDistinct, operators }) => {
    const equals = (position: number) => operators === null || operators[position]?.isEquality === true
    const plain = changing.filter(({ name }) => keys.some(({ column }, n) => column === name && equals(n)))
    const isPlain = (column: string | null, n: number) => equals(n) && plain.some(({ name }) => name === column)
    const others = keys.filter(({ column }, n) => !isPlain(column, n)).map(expressionOf)
    const elsewhere = mentioned([...others, predicate ?? ""].join(" "))
    if (plain.length + elsewhere.length === 0) return []
    return [
      {
        keys: keys.map(expressionOf),
        predicate,
        nullsNotDistinct,
        operators: operators?.map(({ sql }) => sql) ?? null,
        plain: elsewhere.every((column) => plain.includes(column)) ? plain : null,
        contested: elsewhere.length > 0 || plain.length > 1,
      },
    ]
  })
  return { rules, checks: checks.filter((check) => mentioned(check).length > 0) }
}

/** Builds the expression that PostgreSQL compares two rows by. */
const expressionOf = ({ sql, collation }: IndexKey) => `(${sql})${collation === null ? "" : ` collate ${collation}`}`
