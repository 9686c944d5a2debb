import { styleText } from "node:util"
import type { DoctorReport } from "../doctor/doctor.js"
import type { Finding, Severity } from "../doctor/finding.js"
import { printable } from "./printable.js"

/** What the doctor has found, for people, in colour where the stream has colours. */
export function doctorSummary({ findings, purgeable }: DoctorReport, stream: NodeJS.WriteStream): string {
  return [...findings.flatMap((finding) => [...paragraph(finding, stream), ""]), total(findings, purgeable)].join("\n")
}

const COLOURS: Record<Severity, "red" | "yellow" | "cyan"> = { error: "red", warning: "yellow", info: "cyan" }

function paragraph({ severity, code, where, message, fix }: Finding, stream: NodeJS.WriteStream): string[] {
  const title = where === undefined ? code : `${code}: ${printable(where)}`
  return [
    `${styleText(COLOURS[severity], severity, { stream })} ${title}`,
    `  ${printable(message)}`,
    ...fix.split("\n").map((line) => `    ${printable(line)}`),
  ]
}

function total(findings: Finding[], purgeable: number | null): string {
  const count = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length
  const counts = (["error", "warning"] as const).map((severity) => plural(count(severity), severity)).join(", ")
  return purgeable === null ? `${counts}.` : `${counts}. ${plural(purgeable, "lazy user")} to purge.`
}

const plural = (number: number, noun: string) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`
