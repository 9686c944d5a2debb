import type { ForeignKey, Inheritance } from "../../sql/catalogue/foreign-keys.js"

/** The columns known to hold user ids. */
export class UserIdColumns {
  private readonly known = new Map<number, Set<string>>()

  add(table: number, column: string): void {
    this.known.set(table, (this.known.get(table) ?? new Set()).add(column))
  }

  has(table: number, column: string): boolean {
    return this.known.get(table)?.has(column) ?? false
  }

  holds(table: number): boolean {
    return this.known.has(table)
  }

  /**
   * Adds every column whose foreign key leads to a known one, and every column that a table made
   * with INHERITS has from a known one.
   */
  follow(foreignKeys: ForeignKey[], inherited: Inheritance[]): void {
    for (let grown = true; grown; ) {
      grown = false
      for (const { parent, child } of inherited) {
        for (const column of this.known.get(parent) ?? []) {
          if (this.has(child, column)) continue
          this.add(child, column)
          grown = true
        }
      }
      for (const { table, columns, parent, parentColumns } of foreignKeys) {
        const [column, parentColumn] = [columns[0], parentColumns[0]]
        if (columns.length !== 1 || column === undefined || parentColumn === undefined) continue
        if (!this.has(parent, parentColumn) || this.has(table, column)) continue
        this.add(table, column)
        grown = true
      }
    }
  }
}
