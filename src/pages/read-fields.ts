import { readBody } from "../auth/request/read-body.js"

/** Holds the fields of the form that the page reads. Others are ignored. */
export type Fields = Partial<Record<(typeof NAMES)[number], string>>

/** Holds the fields, or the status and code of the refusal. See {@link readFields}. */
export type FieldsResult =
  | { ok: true; fields: Fields }
  | { ok: false; status: 400 | 413 | 415; code: "bad_request" | "body_too_large" | "unsupported_media_type" }

const NAMES = [
  "csrfToken",
  "username",
  "email",
  "password",
  "passwordConfirm",
  "redirectTo",
  "callbackUrl",
  "provider",
] as const

/** Bytes of the longest body: room for every field at its longest, percent-encoded. */
const MAX_BODY = 16 * 1024

/** Reads a form or a JSON object of at most 16 KiB, and stops soon after that in a longer body. */
export async function readFields(request: Request): Promise<FieldsResult> {
  const type = contentType(request)
  if (type !== "application/x-www-form-urlencoded" && type !== "application/json")
    return { ok: false, status: 415, code: "unsupported_media_type" }
  const body = await readBody(request, MAX_BODY)
  if (body === null) return { ok: false, status: 413, code: "body_too_large" }
  const text = body.toString("utf8")
  if (type === "application/x-www-form-urlencoded")
    return { ok: true, fields: pickFields(new Map(new URLSearchParams(text))) }
  const object = parseObject(text)
  return object
    ? { ok: true, fields: pickFields(new Map(Object.entries(object))) }
    : { ok: false, status: 400, code: "bad_request" }
}

/** Returns the media type of the body, without parameters. */
export function contentType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

function pickFields(sent: Map<string, unknown>): Fields {
  return Object.fromEntries(
    NAMES.map((name) => [name, sent.get(name)]).filter(([, value]) => typeof value === "string"),
  )
}
