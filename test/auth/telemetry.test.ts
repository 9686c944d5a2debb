import { context, SpanStatusCode, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { gate, type LazyConfig, LazyProvider, LazySetupError, withLazy } from "../../src/index.js"
import { openTelemetry } from "../../src/opentelemetry.js"
import { internals } from "../../src/store/lazy-store.js"
import { newAccount, newAuthenticator } from "../contract/fixtures.js"
import type { Browser } from "../setup/browser-jar.js"
import { flows } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 30 })
const meterProvider = new MeterProvider({ readers: [reader] })
const telemetry = openTelemetry({ tracerProvider, meterProvider })

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
afterAll(async () => {
  context.disable()
  await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
})
beforeEach(async () => {
  exporter.reset()
  await counted()
})

/** The spans since the test began, by what they tell. */
const spans = () =>
  exporter.getFinishedSpans().map(({ name, attributes, status }) => ({
    name,
    ...(status.code === SpanStatusCode.ERROR && { error: status.message ?? "" }),
    ...attributes,
  }))

/** What was counted since the last call: `counter {attributes}` and the number. */
async function counted(): Promise<Record<string, number>> {
  metricExporter.reset()
  await reader.forceFlush()
  const metrics = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  return Object.fromEntries(
    metrics.flatMap(({ descriptor: { name, unit }, dataPoints }) => {
      expect(unit).toBe("{user}")
      return dataPoints.map(({ attributes, value }) => [
        [name.replace("authjs_lazy.", ""), ...Object.values(attributes)].join(" "),
        value as number,
      ])
    }),
  )
}

describeLinking(
  "openTelemetry",
  (app) => {
    const lazy = { telemetry }
    const visit = (headers: Record<string, string>, init: RequestInit = {}, changes: LazyConfig["lazy"] = {}) => {
      const auth = withLazy({ ...app.config, lazy: { ...lazy, ...changes } })
      const browser = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", accept: "text/html", ...headers }
      return gate(new Request("http://app.test/", { ...init, headers: browser }), auth, {
        getClientAddress: () => "203.0.113.7",
      })
    }

    it("hands no statement and no hash to telemetry of the app's own", async () => {
      const adapter = LazyAdapter(app.database.db)
      const seen: string[] = []
      const own: NonNullable<LazyConfig["lazy"]>["telemetry"] = {
        count: () => {},
        run: (_operation, work) =>
          work().catch((error) => {
            seen.push(String(error), JSON.stringify(error), String(error.cause))
            throw error
          }),
      }
      withLazy({ ...app.config, adapter, lazy: { telemetry: own } })({ request: new Request("http://app.test/") })
      const store = internals(adapter.lazy)
      const { user } = await store.createLazyUser()
      const by = { provider: "convert", type: "credentials" }
      const set = { username: `own-${crypto.randomUUID()}`, email: "x".repeat(10) }
      await app.database.query("alter table password add constraint never check (hash is null)")
      try {
        await expect(store.convert({ userId: user.id, set, passwordHash: "$argon2id$secret", by })).rejects.toThrow()
      } finally {
        await app.database.query("alter table password drop constraint never")
      }
      expect(seen.length).toBeGreaterThan(0)
      expect(seen.join()).not.toMatch(/argon2id|values \(|own-/)
    })

    it("tells a lazy user that was made, and one that was found again, in the span of the request", async () => {
      const tracer = tracerProvider.getTracer("server")
      await tracer.startActiveSpan("GET /", async (span) => {
        await visit({})
        span.end()
      })
      const [made, request] = exporter.getFinishedSpans()
      expect(made?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
      expect(spans()[0]).toEqual({ name: "authjs_lazy.create", "authjs_lazy.outcome": "created" })
      const { lazy: store } = LazyAdapter(app.database.db)
      withLazy({ ...app.config, adapter: { ...LazyAdapter(app.database.db), lazy: store }, lazy })
      const { user } = await store.createLazyUser()
      await store.createLazyUser({ id: user.id })
      expect(await counted()).toEqual({ "creations created": 2, "creations reused": 1 })
    })

    it("counts every refusal of a lazy user, without a span and without whom it refused", async () => {
      await visit({ "user-agent": "Googlebot/2.1" })
      await visit({ "sec-purpose": "prefetch" })
      await visit({}, { method: "HEAD" })
      await visit({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })
      await visit({}, {}, { enabled: () => false })
      await visit({}, {}, { verify: () => false })
      for (let n = 0; n < 2; n++) await visit({}, {}, { limits: { perAddress: 1 } })
      const failing = { verify: () => Promise.reject(new TypeError("203.0.113.7")) }
      await expect(visit({}, {}, failing)).rejects.toThrow()
      expect(await counted()).toEqual({
        "creations refused bot": 1,
        "creations refused prefetch": 1,
        "creations refused method": 1,
        "creations refused cross-site": 1,
        "creations refused lazy_disabled": 1,
        "creations refused lazy_not_verified": 1,
        "creations refused too_many_lazy_users": 1,
        "creations created": 1,
        "creations failed": 1,
      })
      expect(spans().map(({ name }) => name)).toEqual(["authjs_lazy.create"])
    })

    it("tells by which way a user converted, and what a form was refused for", async () => {
      const name = app.person().sub
      const { browser } = await app.lazyBrowser({ lazy })
      await browser.signIn("convert", { username: name, password: "weak" })
      await browser.signIn("convert", { username: name, password })
      const { browser: second } = await app.lazyBrowser({ lazy })
      await second.signIn("convert", { username: name, password: `${password} of another` })
      const { browser: third } = await app.lazyBrowser({ lazy })
      await app.signInWith(third, "one", app.person())
      const { browser: fourth } = await app.lazyBrowser({ lazy })
      await fourth.visit(await app.askForLink(fourth, app.person().email as string))
      const { browser: fifth } = await app.lazyBrowser({ lazy })
      await fifth.signIn("password", { username: name, password: "wrong but long enough" })

      // A passkey, and the own address of a lazy user, as the adapter sees them.
      const adapter = LazyAdapter(app.database.db)
      withLazy({ ...app.config, adapter, lazy })
      const { user } = await adapter.lazy.createLazyUser()
      const authenticator = newAuthenticator(user.id)
      const link = { account: newAccount(user.id, authenticator.providerAccountId), authenticator }
      const store = internals(adapter.lazy)
      await store.convert({ userId: user.id, set: {}, link, by: { provider: "passkey", type: "webauthn" } })
      const { user: known } = await store.createLazyUser()
      await app.database.query(`update "user" set email = '${app.person().email}' where id = '${known.id}'`)
      for (let n = 0; n < 2; n++) await store.proveEmail(known.id)

      const { "creations created": _, ...rest } = await counted()
      expect(rest).toEqual({
        "conversions refused password_weak": 1,
        "conversions refused identifier_taken": 1,
        "conversions converted password": 1,
        "conversions converted one": 1,
        "conversions converted email": 2,
        "conversions converted passkey": 1,
        "sign_ins refused wrong_credentials": 1,
      })
      const conversions = spans().filter(({ name }) => name === "authjs_lazy.convert")
      expect(conversions).toContainEqual({
        name: "authjs_lazy.convert",
        "authjs_lazy.outcome": "converted",
        "authjs_lazy.way": "password",
      })
      // Nothing is wrong with an app in which a name is taken.
      expect(conversions).toContainEqual({
        name: "authjs_lazy.convert",
        "authjs_lazy.outcome": "refused",
        "authjs_lazy.reason": "identifier_taken",
      })
      expect(conversions).toHaveLength(5)
    })

    describe("of a sign-in to an account", () => {
      const username = app.person().sub
      const signIn = (browser: Browser) => browser.signIn("password", { username, password })
      beforeAll(async () => {
        await app.browser().signIn("convert", { username, password })
        await app.database.query(`create table seat (owner text not null references "user"(id) on delete cascade)`)
      })

      it("tells a merge, with the rows it moved, and ids only when asked", async () => {
        for (const userIds of [false, true]) {
          exporter.reset()
          const own = openTelemetry({ tracerProvider, meterProvider, userIds })
          const { browser, id } = await app.lazyBrowser({ lazy: { telemetry: own } })
          await app.database.query(`insert into seat values ('${id}'), ('${id}')`)
          await signIn(browser)
          const into = (await browser.session())?.user.id
          expect(spans().at(-1)).toEqual({
            name: "authjs_lazy.merge",
            "authjs_lazy.outcome": "merged",
            "authjs_lazy.merge.moved_rows": 2,
            ...(userIds && { "user.id": into, "authjs_lazy.merge.from.id": id }),
          })
          expect(JSON.stringify(spans()).includes(id)).toBe(userIds)
        }
        expect(await counted()).toEqual({ "creations created": 2, "merges merged": 2 })
      })

      it("marks a merge that fails as an error, and says nothing of what its message holds", async () => {
        const secret = app.person().email as string
        const onMerge = () => {
          throw new RangeError(secret)
        }
        const { browser } = await app.lazyBrowser({ lazy: { ...lazy, onMerge } })
        await signIn(browser)
        await app.database.query(`create or replace function stay() returns trigger language plpgsql as $$
          begin raise exception 'seats of ${secret} stay' using errcode = '42501'; end $$`)
        await app.database.query("create trigger stay before update on seat for each row execute function stay()")
        for (const onMergeError of ["refuse", "leave"] as const) {
          const { browser, id } = await app.lazyBrowser({ lazy: { ...lazy, onMergeError } })
          await app.database.query(`insert into seat values ('${id}')`)
          await signIn(browser)
        }
        await app.database.query("drop trigger stay on seat")
        const merges = spans().filter(({ name }) => name === "authjs_lazy.merge")
        const failed = {
          name: "authjs_lazy.merge",
          error: "",
          "authjs_lazy.outcome": "failed",
          "error.type": "RangeError",
        }
        const refused = {
          name: "authjs_lazy.merge",
          error: "",
          "authjs_lazy.outcome": "refused",
          "authjs_lazy.reason": "merge_conflict",
          "error.type": "merge_conflict",
        }
        expect(merges).toEqual([failed, refused, refused])
        const { "creations created": _, ...rest } = await counted()
        expect(rest).toEqual({ "merges failed RangeError": 1, "merges refused merge_conflict": 2, "merges left": 1 })
        const everything = JSON.stringify(
          exporter.getFinishedSpans().map(({ events, attributes, status }) => ({ events, attributes, status })),
        )
        for (const hidden of [secret, username, password]) expect(everything).not.toContain(hidden)
      })

      it("marks a merge that the tables make impossible as refused and as an error", async () => {
        await app.database.query(
          `create table place (owner text not null references "user"(id), n int, exclude using btree (owner with =))`,
        )
        const { browser, id } = await app.lazyBrowser({ lazy: { ...lazy, onConflict: "error" } })
        const [owner] = await app.database.query(`select id from "user" where username = '${username}'`)
        await app.database.query(`insert into place values ('${id}', 1), ('${owner?.id}', 1)`)
        await signIn(browser)
        await app.database.query("drop table place")
        expect(spans().at(-1)).toMatchObject({
          "authjs_lazy.outcome": "refused",
          error: "",
          "error.type": "merge_conflict",
        })
        expect(await counted()).toMatchObject({ "merges refused merge_conflict": 1 })
      })
    })

    it("tells a purge, also outside of a request: who went, who was held back, who failed", async () => {
      const adapter = LazyAdapter(app.database.db)
      withLazy({ ...app.config, adapter, lazy })
      const { query } = app.database
      await query(`create table held (owner text references "user"(id))`)
      await query(
        `insert into "user" (id, "lazySince", "seenAt") select 'dead' || n, now() - interval '50 days', now() - interval '40 days' from generate_series(1, 5) n`,
      )
      await query(`insert into held values ('dead1'), ('dead2')`)
      const onPurge = ({ userIds }: { userIds: string[] }) => {
        if (userIds.includes("dead3")) throw new Error("not this one")
      }
      await adapter.lazy.purge({ dryRun: true })
      expect(await counted()).toEqual({})
      await adapter.lazy.purge({ onPurge })
      expect(await counted()).toEqual({ "purges purged": 2, "purges skipped held": 2, "purges failed": 1 })
      const numbers = { "authjs_lazy.purge.purged": 2, "authjs_lazy.purge.skipped": 2, "authjs_lazy.purge.failed": 1 }
      expect(spans().at(-1)).toEqual({
        name: "authjs_lazy.purge",
        "authjs_lazy.outcome": "purged",
        ...numbers,
        "authjs_lazy.purge.dry_run": false,
      })
      await query("drop table held")
      await adapter.lazy.deleteLazyUser("dead1")
      await adapter.lazy.deleteLazyUser("nobody")
      await adapter.lazy.deleteLazyUser("dead2", { counts: false })
      await expect(adapter.lazy.purge({ olderThan: 1 })).rejects.toThrow(LazySetupError)
      expect(await counted()).toEqual({
        "deletions deleted": 1,
        "deletions unchanged": 1,
        "deletions taken-back": 1,
        "purges failed setup": 1,
      })
      expect(spans().at(-1)).toMatchObject({ error: "", "error.type": "setup" })
    })

    it("never stops a visit when the SDK fails, and records nothing without one", async () => {
      const broken = () => {
        throw new Error("no exporter")
      }
      const failing = openTelemetry({
        tracerProvider: { getTracer: broken },
        meterProvider: { getMeter: broken },
      })
      expect((await app.lazyBrowser({ lazy: { telemetry: failing } })).id).toBeTypeOf("string")
      await visit({ "user-agent": "Googlebot/2.1" }, {}, { telemetry: failing })
      const silent = openTelemetry()
      expect((await app.lazyBrowser({ lazy: { telemetry: silent } })).id).toBeTypeOf("string")
      expect([spans(), await counted()]).toEqual([[], {}])
      // An SDK that starts after the first request is used from then on.
      trace.setGlobalTracerProvider(tracerProvider)
      await app.lazyBrowser({ lazy: { telemetry: silent } })
      trace.disable()
      expect(spans()).toHaveLength(1)
    })

    it("refuses what is no telemetry", () => {
      const wrong = { telemetry: openTelemetry } as unknown as NonNullable<LazyConfig["lazy"]>
      expect(() => withLazy({ ...app.config, providers: [LazyProvider()], lazy: wrong })).toThrow(
        "lazy.telemetry must be what openTelemetry() returns: lazy: { telemetry: openTelemetry() }",
      )
    })
  },
  flows.filter(({ strategy }) => strategy === "database"),
)
