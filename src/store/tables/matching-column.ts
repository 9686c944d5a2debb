import type { FoundColumn } from "../sql/read-columns.js"

/** The column that is this property; the primary key for an id of another name. */
export function matchingColumn(columns: FoundColumn[], property: string): FoundColumn | undefined {
  return alikeColumns(columns, property)[0] ?? columns.find(({ isKey }) => property === "id" && isKey)
}

/** The columns whose names say that they are this property, the one with the very name first. */
export function alikeColumns(columns: FoundColumn[], property: string): FoundColumn[] {
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase()
  const found = columns.filter(({ name }) => plain(name) === plain(property))
  return [...found.filter(({ name }) => name === property), ...found.filter(({ name }) => name !== property)]
}
