import { drizzle } from "drizzle-orm/postgres-js"
import { beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { withLazy } from "../../src/index.js"
import { openTelemetry } from "../../src/opentelemetry.js"
import { internals } from "../../src/store/lazy-store.js"
import { newAccount, newAuthenticator } from "../contract/fixtures.js"
import type { Browser } from "../setup/browser-jar.js"
import { Conflicts, conflictingClient } from "../setup/conflicting-client.js"
import { flows, type PostgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"
import { recordTelemetry } from "../setup/telemetry-recorder.js"

const { exporter, tracerProvider, meterProvider, telemetry, spans, counted } = recordTelemetry()

describeLinking(
  "openTelemetry, of sign-ins",
  (app) => {
    const lazy = { telemetry }

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
      expect(conversions).toHaveLength(6)
    })

    describe("of a proof of the own address", () => {
      const email = () => app.person().email as string
      const converted = {
        name: "authjs_lazy.convert",
        "authjs_lazy.outcome": "converted",
        "authjs_lazy.way": "email",
      }
      /** Makes a lazy user to whom the app has given an address. */
      const known = async () => {
        const adapter = LazyAdapter(app.database.db)
        withLazy({ ...app.config, adapter, lazy })
        const store = internals(adapter.lazy)
        const { user } = await store.createLazyUser()
        await app.database.query(`update "user" set email = '${email()}' where id = '${user.id}'`)
        exporter.reset()
        await counted()
        return { store, id: user.id }
      }

      it("tells the conversion in a span from the first statement of it to the commit, and a second proof not", async () => {
        for (const prove of ["proveEmail", "linkByAddress"] as const) {
          const { store, id } = await known()
          const run = () => (prove === "proveEmail" ? store.proveEmail(id) : store.linkByAddress(id, newAccount(id)))
          const tracer = tracerProvider.getTracer("server")
          await tracer.startActiveSpan("GET /", (span) => run().finally(() => span.end()))
          const [conversion, request] = exporter.getFinishedSpans()
          expect(conversion?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
          expect(spans()[0]).toEqual(converted)
          await store.proveEmail(id)
          expect(spans()).toHaveLength(2)
          expect(await counted()).toEqual({ "conversions converted email": 1 })
        }
      })

      it("tells a conversion that fails, and one that fails at the commit", async () => {
        for (const timing of ["", "deferrable initially deferred"]) {
          const { store, id } = await known()
          await app.database.query(`create or replace function stay() returns trigger language plpgsql as $$
            begin if new.id = '${id}' then raise exception 'stays' using errcode = 'P0042'; end if; return new; end $$;
            create constraint trigger stay after update on "user" ${timing} for each row execute function stay()`)
          try {
            await expect(store.proveEmail(id)).rejects.toThrow()
          } finally {
            await app.database.query(`drop trigger stay on "user"`)
          }
          const failed = { name: "authjs_lazy.convert", "authjs_lazy.outcome": "failed", "error.type": "P0042" }
          expect(spans()).toEqual([{ ...failed, error: "" }])
          expect(await counted()).toEqual({ "conversions failed P0042": 1 })
          expect((await app.user(id))?.convertedAt).toBeNull()
        }
      })

      it("tells one conversion of a transaction that runs again", async () => {
        const { id } = await known()
        // Each transaction fails twice, and then commits.
        const conflicts = new Conflicts(1, 1)
        const client = conflictingClient((app.database as PostgresDatabase).sql, conflicts)
        const adapter = LazyAdapter(drizzle(client))
        withLazy({ ...app.config, adapter, lazy })
        await internals(adapter.lazy).proveEmail(id)
        expect(conflicts.failed).toBe(2)
        expect(spans()).toEqual([converted])
        expect(await counted()).toEqual({ "conversions converted email": 1 })
      })

      it("fails with what telemetry of the app's own throws, and leaves no transaction open", async () => {
        const { id } = await known()
        const adapter = LazyAdapter(app.database.db)
        const own = { run: () => Promise.reject(new RangeError("no telemetry")), count: () => {} }
        withLazy({ ...app.config, adapter, lazy: { telemetry: own } })({ request: new Request("http://app.test/") })
        await expect(internals(adapter.lazy).proveEmail(id)).rejects.toThrow("no telemetry")
        expect((await app.user(id))?.convertedAt).toBeNull()
      })
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
  },
  flows.filter(({ strategy }) => strategy === "database"),
)
