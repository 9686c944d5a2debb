import type { AdoptPreview, AdoptReport, NotAdopted } from "../../store/adopt/types.js"
import type { DuplicateAddresses } from "../../store/identifiers/duplicate-addresses.js"
import { count, counted, printable } from "./format.js"

const REASONS: Record<NotAdopted, string> = {
  lazy: "are lazy users already",
  converted: "were lazy users, and have become real",
  inactive: "are excluded by activeUsers",
  proven: "have proven their address",
  account: "sign in with an identity of a provider",
  passkey: "sign in with a passkey",
  password: "have a password of this library, which they have set or used",
}

/** Formats the report of an adoption as text. */
export function adoptSummary(report: AdoptReport): string {
  const { adopted, skipped, hashes, left, failed, failures, interrupted, dryRun, preview } = report
  const skips = Object.entries(skipped) as [NotAdopted, number][]
  const removed = Object.entries(hashes)
  return [
    `${dryRun ? "Would make lazy users of" : "Made lazy users of"} ${counted(adopted, "guest")}.`,
    ...(preview ? previewLines(preview, adopted) : []),
    ...(removed.length > 0 ? [dryRun ? "Hashes that would be removed:" : "Hashes removed:"] : []),
    ...removed.map(([place, rows]) => `  ${printable(place)}  ${count(rows)}`),
    ...(skips.length > 0 ? ["Left alone, although the condition matches them:"] : []),
    ...skips.map(([reason, users]) => `  ${count(users)} who ${REASONS[reason]}`),
    ...(failures > 0 ? [`Users that could not be changed: ${count(failures)}`] : []),
    ...failed.map(({ userId, message }) => `  ${printable(userId)}: ${printable(message)}`),
    ...(interrupted ? ["Interrupted. The next run continues with the rest."] : []),
    ...(left > 0
      ? [`Still to adopt: ${count(left)}. Run the command again, last of all when no process of the old app runs.`]
      : []),
    ...(preview ? duplicateLines(preview.duplicates) : []),
  ].join("\n")
}

function previewLines({ users, domains, needsEveryone }: AdoptPreview, adopted: number): string[] {
  const rest = adopted - users.length
  return [
    ...users.map(({ id, email, createdAt }) =>
      ["", printable(id), email === null ? "(no address)" : printable(email), createdAt ?? ""].join("  ").trimEnd(),
    ),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
    ...(domains.length > 0 ? ["Their addresses are at:"] : []),
    ...domains.map(({ domain, users }) => `  ${domain === "" ? "(no domain)" : printable(domain)}  ${count(users)}`),
    ...(needsEveryone
      ? ["The condition matches every user. Without --everyone, the command refuses to adopt all of them."]
      : []),
  ]
}

function duplicateLines({ addresses, users, mixedCase, examples, sql }: DuplicateAddresses): string[] {
  if (addresses === 0 && mixedCase === 0) return []
  return [
    "",
    "Addresses of your other users, before a unique rule can hold:",
    `  ${count(addresses)} used by several users (${count(users)} in all), ${count(mixedCase)} with capitals, under which nobody is found`,
    ...examples.map(({ address, userIds }) => `  ${printable(address)}: ${userIds.map(printable).join(", ")}`),
    ...sql.map((statement) => `    ${printable(statement)}`),
  ]
}
