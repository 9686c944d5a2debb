import { drizzle } from "drizzle-orm/postgres-js"
import { gate, LazyAdapter, LazyProvider, withLazy } from "../authjs-lazy.js"
import { endWithParent } from "../end-with-parent.js"
import { cookieHeader } from "../http/visitors.js"
import { connect } from "../servers/connect.js"
import { secret } from "../servers/secret.js"

const MB = 1024 ** 2
/** As many as a busy server decides at a time. */
const AT_A_TIME = 16

process.setSourceMapsEnabled(false)
endWithParent()

const auth = withLazy({
  adapter: LazyAdapter(drizzle(connect())),
  providers: [LazyProvider()],
  session: { strategy: "jwt" },
  lazy: { limits: { perAddress: false } },
  secret,
  trustHost: true,
})

const first = await visit("")
if (!first.open || !first.created) throw new Error("The gate made no lazy user.")
const cookie = cookieHeader(first.headers.getSetCookie())
const user = first.session?.user.id

let decisions = 0
for (const mark of process.argv.slice(3).map(Number)) {
  await Promise.all(Array.from({ length: AT_A_TIME }, () => decideUntil(mark)))
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ decisions: mark, heapMB: heapUsed / MB, rssMB: rss / MB })
}

async function decideUntil(mark: number): Promise<void> {
  while (decisions < mark) {
    decisions++
    const result = await visit(cookie)
    if (!result.open || result.session?.user.id !== user) throw new Error("The gate did not know the visitor.")
  }
}

function visit(cookie: string) {
  const headers = { cookie, "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0", accept: "text/html" }
  return gate(new Request("http://localhost/", { headers }), auth)
}
