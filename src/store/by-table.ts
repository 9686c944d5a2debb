/** Something for each table, under its name: `table` in the schema public, `schema.table` elsewhere. */
export type ByTable<Value> = Record<string, Value>
