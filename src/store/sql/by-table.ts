/** Something for each table, under its name: `table` in the schema public, `schema.table` elsewhere. */
export type ByTable<Value> = Record<string, Value>

/** Reads what there is of a table, which may be called like a member of every object: `constructor`. */
export function ofTable<Value>(record: ByTable<Value>, label: string): Value | undefined {
  return Object.hasOwn(record, label) ? record[label] : undefined
}

/** Writes something under the name of a table, which may be `__proto__`. */
export function setOfTable<Value>(record: ByTable<Value>, label: string, value: Value): void {
  Object.defineProperty(record, label, { value, writable: true, enumerable: true, configurable: true })
}

/** Adds rows to those that are counted under the name of a table. */
export function addRows(counts: ByTable<number>, label: string, rows: number): void {
  setOfTable(counts, label, (ofTable(counts, label) ?? 0) + rows)
}
