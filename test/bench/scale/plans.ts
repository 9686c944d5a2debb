import type postgres from "postgres"

interface Plan {
  "Node Type": string
  "Relation Name"?: string
  "Plan Rows": number
  Plans?: Plan[]
}

const GROWING = ["user", "session", "account", "password", "authenticator"]

/** Finds the growing tables that a statement would read as a whole. */
export async function grownScans(
  admin: postgres.Sql,
  statements: readonly { text: string; values: unknown[] }[],
): Promise<string[]> {
  const found = new Set<string>()
  for (const { text, values } of statements.filter(({ text }) =>
    /^\s*(select|with|insert|update|delete)\b/i.test(text),
  )) {
    const [row] = await admin.unsafe(`explain (format json) ${text}`, values as never[])
    for (const table of scansOf(row?.["QUERY PLAN"][0].Plan)) found.add(table)
  }
  return [...found].filter((table) => GROWING.includes(table))
}

function scansOf(plan: Plan): string[] {
  const own = plan["Node Type"] === "Seq Scan" && plan["Relation Name"] ? [plan["Relation Name"]] : []
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)]
}
