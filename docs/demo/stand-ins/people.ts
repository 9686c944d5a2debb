import { createHash } from "node:crypto"

/** Somebody who has an account at the stand-in. */
export interface Person {
  name: string
  email: string
}

/** People to be without typing. */
export const MADE_UP: readonly Person[] = [
  { name: "Mina Okafor", email: "mina@example.com" },
  { name: "Jonas Weber", email: "jonas@example.com" },
  { name: "Lin Zhao", email: "lin@example.com" },
]

/** What somebody typed that can't be a person, and why. */
export interface RefusedPerson extends Person {
  ok: false
  problem: string
}

/** Reads the form: one of the people above by the address alone, or anybody else. */
export function readPerson(body: unknown): { ok: true; person: Person } | RefusedPerson {
  const { name, email } = readFields(body)
  const known = MADE_UP.find((person) => person.email === email)
  if (known && name === "") return { ok: true, person: known }
  if (name === "") return { ok: false, name, email, problem: "Type a name." }
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    return { ok: false, name, email, problem: "Type an address, like you@example.com." }
  return { ok: true, person: { name, email } }
}

/** By what the app knows somebody again, after a restart too: it follows from the address. */
export function subjectOf({ email }: Person): string {
  return createHash("sha256").update(email).digest("base64url")
}

function readFields(body: unknown): Person {
  const { name, email } = (body ?? {}) as Record<string, unknown>
  const read = (field: unknown) => (typeof field === "string" ? field.replaceAll("\0", "").trim().slice(0, 200) : "")
  return { name: read(name), email: read(email).toLowerCase() }
}
