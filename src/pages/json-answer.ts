import { appendCookies } from "../auth/request/cookies.js"
import { type ConvertStrings, messageFor } from "../messages/strings.js"
import type { PageOutcome } from "./outcome.js"

/** Answers with an outcome as JSON, for apps that render their own form. */
export function jsonAnswer(outcome: PageOutcome, strings: ConvertStrings): Response {
  const { status, body } = describe(outcome, strings)
  const headers = new Headers({
    "cache-control": "no-store",
    vary: "Accept, Cookie",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
  })
  if ("cookies" in outcome) appendCookies(headers, outcome.cookies)
  if (headers.has("set-cookie")) headers.set("cache-control", "private, no-store")
  if (status === 405) headers.set("allow", "GET, HEAD, POST")
  return Response.json(body, { status, headers })
}

function describe(outcome: PageOutcome, strings: ConvertStrings): { status: number; body: object } {
  const refusal = (status: number, code: string, more: object = {}) => ({
    status,
    body: { ok: false, code, field: null, message: messageFor(strings, code), ...more },
  })
  switch (outcome.kind) {
    case "form": {
      const { problem, csrfToken, identifier, user, ways } = outcome
      if (problem) return refusal(problem.status, problem.code, { field: problem.field })
      const providers = ways.map(({ id, name, type, signinUrl }) => ({ id, name, type, signinUrl }))
      return { status: 200, body: { csrfToken, identifier, user, providers } }
    }
    case "real":
      return refusal(409, "already_converted")
    case "accepted": {
      const { isReal, user, target } = outcome
      // The app's `signIn` callback may redirect instead of signing the person in.
      return isReal
        ? { status: 200, body: { ok: true, redirectTo: target, user } }
        : refusal(422, "access_denied", { redirectTo: target })
    }
    case "leaving":
      return { status: 200, body: { ok: true, redirectTo: outcome.url, user: null } }
    case "failed":
      return refusal(outcome.status, outcome.code)
  }
}
