import autocannon from "autocannon"
import { endWithParent } from "../end-with-parent.js"
import { csrfCookie, newCsrfPair } from "./csrf.js"
import type { LoadJob, LoadResult, RequestShape, Requests } from "./load.js"

const SAMPLE_EVERY = 50
const MOST_SAMPLES = 40

process.on("message", async (job: LoadJob) => {
  process.send?.(await run(job))
})
endWithParent()

async function run({ url, connections, seconds, requests }: LoadJob): Promise<LoadResult> {
  const cookies: string[][] = []
  const milliseconds: number[] = []
  let seen = 0
  let clients = 0
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    // Counted at the end of each interval, so that the last one is whole.
    sampleInt: 250,
    requests: shapes(requests),
    verifyBody: requests.kind === "visitors" ? verifier(requests.users) : undefined,
    setupClient(client) {
      // Not everybody begins with the same visitor.
      if (requests.kind === "visitors") client.setRequests(rotated(requests.requests, clients++))
      client.on("response", (_status, _bytes, took) => milliseconds.push(took))
      client.on("headers", (answer) => {
        if (seen++ % SAMPLE_EVERY === 0 && cookies.length < MOST_SAMPLES) cookies.push(setCookies(answer.headers))
      })
    },
  })
  const total = result.requests.total
  const succeeded = result["2xx"] + result["3xx"]
  return {
    rate: total / result.duration,
    succeeded,
    errors: total - succeeded + result.errors + result.mismatches,
    latency: percentiles(milliseconds),
    cookies: cookies.filter((each) => each.length > 0),
  }
}

function shapes(requests: Requests): autocannon.Request[] {
  if (requests.kind === "visitors") return requests.requests
  if (requests.kind === "strangers") return [requests.request]
  const { request, secret } = requests
  // What it is given has the host in it.
  return [{ ...request, setupRequest: (complete) => ({ ...complete, ...withCsrf(request, secret) }) }]
}

function withCsrf({ headers, body }: RequestShape, secret: string): Pick<RequestShape, "headers" | "body"> {
  const { token, cookie } = newCsrfPair(secret)
  return { headers: { ...headers, cookie: csrfCookie(cookie) }, body: `${body}&csrfToken=${token}` }
}

function rotated<Item>(items: Item[], by: number): Item[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

function verifier(users: string[]): (body: unknown) => boolean {
  const known = new Set(users)
  return (body) => {
    const answer = JSON.parse(String(body)) as { user?: string | { id: string } } | null
    return known.has(typeof answer?.user === "object" ? answer.user.id : (answer?.user ?? ""))
  }
}

/** The parser of the load hands headers over as they came: names and values in turn. */
function setCookies(headers: unknown): string[] {
  const flat = headers as string[]
  return flat.filter((_, index) => index % 2 === 1 && flat[index - 1]?.toLowerCase() === "set-cookie")
}

/** By our own count: autocannon knows whole milliseconds only. */
function percentiles(milliseconds: number[]): LoadResult["latency"] {
  const sorted = Float64Array.from(milliseconds).sort()
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
