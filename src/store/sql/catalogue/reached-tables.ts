import type { KeyColumn } from "../row-place.js"
import type { TableColumn } from "./columns.js"
import type { ReachedRows, TableRow } from "./reached.js"

/** A table with what decides whether a row of it can change, but for its unique rules. */
export interface ReachedTable {
  oid: number
  /** The name in reports: `table` in the schema public, `schema.table` elsewhere. */
  label: string
  /** Quoted, ready to select from or to update. */
  target: string
  /** `relkind` in pg_class. */
  kind: string
  /** Whether row-level security applies to the role, which can hide rows. */
  secured: boolean
  columns: TableColumn[]
  /** The columns of the primary key; none where there is none. */
  key: KeyColumn[]
  /** The names of the columns of each unique index that compares plain columns in all rows. */
  plainKeys: string[][]
  /** Whether it has another unique index, an exclusion constraint, a check or a generated column. */
  hasOtherRules: boolean
}

type ColumnRow = ReachedRows["columns"][number]
type NamedTable = TableRow & Pick<ReachedTable, "label" | "target"> & { readable: boolean }

/** The default collation, and that of types without one. */
const UNCOLLATED = [0, 100]

/** Looks up the rows of {@link ReachedRows} by what they are about. */
export class Reach {
  private readonly tables: ReadonlyMap<number, NamedTable>
  private readonly columns = new Map<number, Map<number, ColumnRow>>()

  constructor(private readonly rows: ReachedRows) {
    this.tables = new Map(
      rows.tables.map((table) => [
        table.oid,
        { ...table, ...namesOf(table), readable: table.enterable && table.selectable },
      ]),
    )
    for (const column of rows.columns) {
      const own = this.columns.get(column.table) ?? new Map<number, ColumnRow>()
      this.columns.set(column.table, own.set(column.number, column))
    }
  }

  table(oid: number): NamedTable {
    return this.tables.get(oid) as NamedTable
  }

  /** Returns the topmost table of a partition, or the table itself. */
  whole(oid: number): NamedTable {
    return this.table(this.table(oid).root)
  }

  column(table: number, number: number): ColumnRow {
    return this.columns.get(table)?.get(number) as ColumnRow
  }

  /** Returns the names of columns, given their numbers, in that order. */
  names(table: number, numbers: readonly number[]): string[] {
    return numbers.map((number) => this.column(table, number).name)
  }

  /** Returns the name of the topmost table of each partition, as in reports, by that of the partition. */
  partitions(): Map<string, string> {
    const all = [...this.tables.values()].filter(({ isPartition }) => isPartition)
    return new Map(all.map(({ oid, label }) => [label, this.whole(oid).label]))
  }

  /** Returns the tables that are no partitions, by their oids, in that order. */
  wholeTables(): Map<number, ReachedTable> {
    const { reached, checked } = this.rows
    const whole = reached.filter((oid) => !this.table(oid).isPartition).sort((one, other) => one - other)
    return new Map(whole.map((oid) => [oid, this.describe(this.table(oid), checked.includes(oid))]))
  }

  private describe({ oid, label, target, kind, secured, enterable }: NamedTable, isChecked: boolean): ReachedTable {
    const own = [...(this.columns.get(oid)?.values() ?? [])].sort((one, other) => one.number - other.number)
    const indexes = this.rows.indexes.filter(({ table }) => table === oid)
    const primary = indexes.find((index) => index.primary)
    const unique = indexes.filter((index) => index.unique)
    return {
      oid,
      label,
      target,
      kind,
      secured,
      columns: own.map(({ name, sql, type, generation, readable }) => ({
        ...{ name, sql, type, generation },
        readable: enterable && readable,
      })),
      key: (primary?.columns.slice(0, primary.keys) ?? []).map((number) => {
        const { sql, type, collation } = this.column(oid, number)
        return { sql, type, collated: !UNCOLLATED.includes(collation) }
      }),
      plainKeys: unique
        .filter(({ plain }) => plain)
        .map(({ columns, keys }) => this.names(oid, columns.slice(0, keys))),
      hasOtherRules:
        isChecked || unique.some(({ plain }) => !plain) || own.some(({ generation }) => generation !== null),
    }
  }
}

/**
 * Names a table in reports and in statements on its own rows. A child made with INHERITS has foreign
 * keys and unique indexes of its own, whereas partitions share those of their table.
 */
function namesOf({ schema, name, kind, qualified }: TableRow): Pick<ReachedTable, "label" | "target"> {
  return {
    label: schema === "public" ? name : `${schema}.${name}`,
    target: kind === "p" ? qualified : `only ${qualified}`,
  }
}
