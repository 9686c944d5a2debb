/**
 * What Next answers for what its functions throw in a route handler: `redirect()`, `permanentRedirect()`, `notFound()`, `unauthorized()` and
 * `forbidden()`. Next itself leaves out the headers of a gate there, and of all cookies for the last three. Undefined for any other error.
 */
export function answerOf(thrown: unknown, request: Pick<Request, "method" | "headers">): Response | undefined {
  if (thrown instanceof Response) return thrown
  const digest = digestOf(thrown)
  const [kind, ...rest] = digest.split(";")
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(rest[0]) })
  if (kind !== "NEXT_REDIRECT") return undefined
  const status = Number(rest.at(-2))
  return new Response(null, {
    // As Next does, so that a browser does not post a form again to where it is sent.
    status: isForm(request) ? 303 : status,
    headers: { location: rest.slice(1, -2).join(";") },
  })
}

/** Next marks the errors by which it finds its way back: `NEXT_REDIRECT;replace;/path;307;`, `NEXT_HTTP_ERROR_FALLBACK;404`. */
function digestOf(thrown: unknown): string {
  const digest = typeof thrown === "object" && thrown !== null && "digest" in thrown ? thrown.digest : undefined
  return typeof digest === "string" ? digest : ""
}

function isForm({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  const type = headers.get("content-type") ?? ""
  const isEncoded = type === "application/x-www-form-urlencoded" || type.startsWith("multipart/form-data")
  return method === "POST" && (isEncoded || headers.has("next-action"))
}
