/**
 * Returns the response that Next would send for an error of `redirect()`, `permanentRedirect()`,
 * `notFound()`, `unauthorized()` or `forbidden()`; undefined for other errors. Next would drop the
 * gate's headers.
 */
export function answerOf(thrown: unknown, request: Pick<Request, "method" | "headers">): Response | undefined {
  if (thrown instanceof Response) return thrown
  const digest = digestOf(thrown)
  const [kind, ...rest] = digest.split(";")
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(rest[0]) })
  // Next 14 knows no other status.
  if (kind === "NEXT_NOT_FOUND") return new Response(null, { status: 404 })
  if (kind !== "NEXT_REDIRECT") return undefined
  const status = Number(rest.at(-2))
  return new Response(null, {
    // Next answers 303 as well, so that the browser doesn't repeat the POST.
    status: isForm(request) ? 303 : status,
    headers: { location: rest.slice(1, -2).join(";") },
  })
}

/**
 * Reads the digest of an error of Next, such as `NEXT_REDIRECT;replace;/path;307;` or
 * `NEXT_HTTP_ERROR_FALLBACK;404`.
 */
export function digestOf(thrown: unknown): string {
  const digest = typeof thrown === "object" && thrown !== null && "digest" in thrown ? thrown.digest : undefined
  return typeof digest === "string" ? digest : ""
}

function isForm({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  const type = headers.get("content-type") ?? ""
  const isEncoded = type === "application/x-www-form-urlencoded" || type.startsWith("multipart/form-data")
  return method === "POST" && (isEncoded || headers.has("next-action"))
}
