import { LazySetupError } from "../../../errors.js"
import type { ReachedTable } from "../../sql/catalogue/reached-tables.js"
import { quoted } from "../../sql/identifiers.js"

/**
 * Lists the quoted names that a table with a label can have. Names may hold dots, so each dot may
 * end the name of the schema.
 */
export function namesOfLabel(label: string): string[] {
  const dots = [...label.matchAll(/\./g)].map(({ index }) => index)
  return [
    `public.${quoted(label)}`,
    ...dots.map((dot) => `${quoted(label.slice(0, dot))}.${quoted(label.slice(dot + 1))}`),
  ]
}

/**
 * Checks the option `mergeTables`.
 * @param oids for each label the oids of the tables with its names, null where there is none
 * @returns the oids of the tables to leave alone
 * @throws LazySetupError naming the table and the fix
 */
export function checkMergeTables(
  mergeTables: Readonly<Record<string, unknown>>,
  oids: readonly (readonly (number | null)[])[],
): number[] {
  return Object.entries(mergeTables).map(([label, value], position) => {
    if (value !== "leave")
      throw new LazySetupError(
        `mergeTables: the value of ${JSON.stringify(label)} must be "leave". Write: mergeTables: { ${JSON.stringify(label)}: "leave" }`,
      )
    const [oid, ...others] = (oids[position] ?? []).filter((oid) => oid !== null)
    if (oid === undefined)
      throw new LazySetupError(
        `mergeTables: there is no table ${label} in the database. Write tables of the schema public as table, others as schema.table.`,
      )
    if (others.length > 0)
      throw new LazySetupError(
        `mergeTables: two tables are called ${label}, one of them with a dot in its name. Rename that one: alter table ${quoted(label)} rename to …;`,
      )
    return oid
  })
}

/**
 * Refuses the name of a partition, since a merge knows the table as a whole and would leave all of
 * it.
 * @param oids those that {@link checkMergeTables} returned
 */
export function refusePartitions(
  mergeTables: Readonly<Record<string, unknown>>,
  oids: readonly number[],
  relations: readonly Pick<ReachedTable, "oid" | "label">[],
): void {
  for (const [position, label] of Object.keys(mergeTables).entries()) {
    const whole = relations.find(({ oid }) => oid === oids[position])?.label
    if (whole === undefined || label === whole || label === `public.${whole}`) continue
    throw new LazySetupError(
      `mergeTables: ${label} is a partition of ${whole}, of which a merge leaves all rows or none. Write: mergeTables: { ${JSON.stringify(whole)}: "leave" }`,
    )
  }
}
