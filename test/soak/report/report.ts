import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Settings } from "../settings.js"
import { heapsOf } from "./flat-memory.js"
import type { Checked, Evidence } from "./invariants.js"

const ARTIFACTS = fileURLToPath(new URL("../../../artifacts", import.meta.url))

/** Prints the report, and writes it to artifacts/soak.md and artifacts/soak.json. */
export function writeReport(evidence: Evidence, checked: Checked[], settings: Settings, leftOut: string[]): void {
  const { ledger, faults, probe, vitals, world } = evidence
  const seen = vitals.samples.flatMap(({ apps }) => apps)
  const byKind = new Map<string, { times: number; slowest: number; failed: number }>()
  for (const { name, began, over } of faults) {
    const recovery = probe.recoveryAfter(over) ?? Number.POSITIVE_INFINITY
    const known = byKind.get(name) ?? { times: 0, slowest: 0, failed: 0 }
    byKind.set(name, {
      times: known.times + 1,
      slowest: Math.max(known.slowest, recovery),
      failed: known.failed + probe.failuresIn(began, over + 5000),
    })
  }
  const text = [
    `# ${settings.seconds} seconds, seed ${settings.seed}, driver ${settings.driver}`,
    "",
    table(
      ["Fault", "Times", "Slowest sign-in after it, s", "Sign-ins that failed"],
      [...byKind].map(([name, { times, slowest, failed }]) => [name, times, (slowest / 1000).toFixed(1), failed]),
    ),
    "",
    `A sign-in as a lazy user and then with a password takes ${(probe.usual / 1000).toFixed(2)} s; ${probe.tries.length} were tried.`,
    `Connections cut: ${sum(faults.map(({ cuts }) => cuts?.made))} of the ${sum(faults.map(({ cuts }) => cuts?.asked))} that were to be.`,
    ...leftOut.map((each) => `\nLeft out, which fails a run in CI: ${each}`),
    "",
    table(
      ["What visitors did", "Times"],
      [["requests, with those of the timed sign-ins", ledger.requests], ...sorted(ledger.done)],
    ),
    "",
    table(["What failed, and was tried again", "Times"], sorted(ledger.failures)),
    "",
    table(
      ["Promise", "Checked", "Broken"],
      checked.map(({ promise, checked: count, broken }) => [promise, count || "not checked", broken.length]),
    ),
    ...checked.flatMap(({ broken }) => broken.map((each) => `- ${each}`)),
    "",
    table(
      ["Process", "Seconds", "Heap early, MB", "Heap late, MB"],
      heapsOf(vitals.samples).map(({ pid, seconds, early, late }) => [
        pid,
        Math.round(seconds),
        inMb(early),
        inMb(late),
      ]),
    ),
    "",
    `Connections to the primary: ${most(vitals.samples.map(({ connections }) => connections))} at most.`,
    `Open connections of a process's pool: ${most(seen.map(({ pool }) => pool?.open ?? 0))} at most.`,
    `Resident memory of a process: ${inMb(most(seen.map(({ rss }) => rss)))} MB at most.`,
    `Purges: ${JSON.stringify(world.purgers.map(({ counts }) => counts))}`,
    `Processes of the app that ended by themselves: ${sum(world.apps.map(({ crashes }) => crashes))}`,
    "",
  ].join("\n")
  console.log(`\n${text}`)
  mkdirSync(ARTIFACTS, { recursive: true })
  writeFileSync(join(ARTIFACTS, "soak.md"), text)
  const { requests, abandoned, broken } = ledger
  const counts = {
    requests,
    abandoned,
    done: Object.fromEntries(ledger.done),
    failures: Object.fromEntries(ledger.failures),
  }
  const data = { settings, faults, leftOut, counts, broken, checked, samples: vitals.samples, tries: probe.tries }
  writeFileSync(join(ARTIFACTS, "soak.json"), JSON.stringify(data, null, 1))
}

const most = (values: number[]) => Math.max(0, ...values)
const sum = (values: (number | undefined)[]) => values.reduce<number>((all, value) => all + (value ?? 0), 0)
const inMb = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)
const sorted = (counts: Map<string, number>) => [...counts].sort(([, one], [, other]) => other - one)

function table(head: string[], rows: (string | number)[][]): string {
  const lines = [head, head.map(() => "---"), ...rows]
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n")
}
