import { styleText } from "node:util"
import type { DoctorReport } from "../../doctor/doctor.js"
import type { Finding, Severity } from "../../doctor/finding.js"
import { counted, printable } from "./format.js"

/** Formats the doctor's findings as text, in colour if the stream supports it. */
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
  const found = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length
  const counts = (["error", "warning"] as const).map((severity) => counted(found(severity), severity)).join(", ")
  return purgeable === null ? `${counts}.` : `${counts}. ${counted(purgeable, "lazy user")} to purge.`
}
