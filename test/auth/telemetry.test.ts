import { trace } from "@opentelemetry/api"
import { expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { gate, type LazyConfig, LazyProvider, LazySetupError, withLazy } from "../../src/index.js"
import { openTelemetry } from "../../src/opentelemetry.js"
import { internals } from "../../src/store/lazy-store.js"
import { flows } from "../setup/databases.js"
import { describeFlows } from "../setup/flow-app.js"
import { recordTelemetry } from "../setup/telemetry-recorder.js"

const { exporter, tracerProvider, telemetry, spans, counted } = recordTelemetry()

describeFlows(
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
