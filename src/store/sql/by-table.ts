/** Values by the names of tables: `table` in the schema public, `schema.table` elsewhere. */
export type ByTable<Value> = Record<string, Value>

/**
 * Reads the value for a table, whose name may be that of a member of every object: `constructor`.
 */
export function ofTable<Value>(record: ByTable<Value>, label: string): Value | undefined {
  return Object.hasOwn(record, label) ? record[label] : undefined
}

/** Writes the value for a table, whose name may be `__proto__`. */
export function setOfTable<Value>(record: ByTable<Value>, label: string, value: Value): void {
  Object.defineProperty(record, label, { value, writable: true, enumerable: true, configurable: true })
}

/** Adds rows to the count of a table. */
export function addRows(counts: ByTable<number>, label: string, rows: number): void {
  setOfTable(counts, label, (ofTable(counts, label) ?? 0) + rows)
}
