import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import Nodemailer from "@auth/core/providers/nodemailer"
import express from "express"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { allowLazy, expressAuth, webHandler } from "../../src/express.js"
import { type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { drivers, type TestDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { Mailbox } from "../setup/mailbox.js"
import { OpenIdProvider } from "../setup/openid-provider.js"
import { everythingOf, UsedValues } from "../setup/used-values.js"

const CONSOLE = ["log", "info", "warn", "error", "debug"] as const
/** The errors are the driver's, and the strategy decides which statements there are. */
const cases = drivers.flatMap((driver, n) =>
  (n === 0 ? (["database", "jwt"] as const) : (["database"] as const)).map((strategy) => ({ ...driver, strategy })),
)

const TABLES = ["user", "session", "account", "password", "verificationToken"]
/** The tables at which a flow fails with the first driver, whose statements the others share. */
const failing = new Map<string, string[]>()

describe.each(cases)("logs of a failing database ($driver, $strategy sessions)", ({ driver, open, strategy }) => {
  const used = new UsedValues()
  let database: TestDatabase
  let openId: OpenIdProvider
  let mailbox: Mailbox
  let server: Server
  let origin: string
  /** What reached the console, or the body of an answer. */
  const seen: string[] = []
  let people = 0

  beforeAll(async () => {
    const app = express()
    // Outside of production and tests, Express writes stacks of errors to responses and the
    // console.
    app.set("env", "development")
    server = await new Promise<Server>((resolve) => {
      const started: Server = app.listen(0, "127.0.0.1", () => resolve(started))
    })
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    ;[database, openId, mailbox] = await Promise.all([open(), OpenIdProvider.start([origin]), Mailbox.start()])
    const config: LazyConfig = {
      adapter: LazyAdapter(used.watch(driver, database)),
      providers: [
        LazyProvider(),
        PasswordProvider(),
        ConvertProvider({ identifier: "username" }),
        Nodemailer({ server: mailbox.url, from: "app@app.test" }),
        {
          id: "one",
          name: "one",
          type: "oidc",
          issuer: openId.issuer,
          clientId: "one",
          clientSecret: "secret of one",
          checks: ["pkce", "state"],
        },
      ],
      secret,
      trustHost: true,
      session: { strategy },
      lazy: { limits: { perAddress: false }, recheck: 0, signOut: "delete" },
    }
    const auth = withLazy(config)
    app.use("/auth", expressAuth(auth))
    app.use("/convert", webHandler(convertPage(auth)))
    app.get("/", allowLazy(auth), (_req, res) => void res.send("page"))
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await Promise.all([database.close(), openId.close(), mailbox.close()])
  })
  beforeEach(() => {
    for (const method of CONSOLE)
      vi.spyOn(console, method).mockImplementation((...told) => void seen.push(told.map(everythingOf).join(" ")))
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const browser = () =>
    new Browser(origin, async (request) => {
      const response = await fetch(request, { redirect: "manual" })
      // What belongs to the visitor goes to the visitor: the session endpoint says who it is.
      if (!/\/auth\/(session|csrf)$/.test(request.url))
        seen.push(await response.clone().text(), response.headers.get("location") ?? "")
      return response
    })
  const lazyBrowser = async () => {
    const visitor = browser()
    await visitor.visit("/")
    return visitor
  }
  const freshName = () => `somebody-new-${people++}`
  const convert = async (visitor: Browser, username = freshName()) => {
    await visitor.signIn("convert", { username, password })
    return username
  }
  /** Up to the way back from the provider. */
  const callback = async (visitor: Browser, sub: string) => {
    const start = await visitor.visit("/auth/signin/one", { form: { csrfToken: await visitor.csrfToken() } })
    return openId.walk(start.headers.get("location") ?? "", {
      sub,
      name: "A name",
      email: `${sub}@example.com`,
      email_verified: true,
    })
  }
  const askForLink = async (visitor: Browser, email: string) =>
    visitor.visit("/auth/signin/nodemailer", { form: { csrfToken: await visitor.csrfToken(), email } })

  /** Each makes what it needs, and returns what is then done while a table fails. */
  const flows: Record<string, () => Promise<() => Promise<unknown>>> = {
    "a first visit": async () => lazyBrowser,
    "a visit with a session": async () => {
      const visitor = await lazyBrowser()
      return async () => [await visitor.visit("/"), await visitor.visit("/auth/session")]
    },
    "a visit of a real user": async () => {
      const visitor = browser()
      await convert(visitor)
      return async () => [
        await visitor.visit("/"),
        await visitor.visit("/auth/session"),
        await visitor.visit("/convert"),
      ]
    },
    "a conversion": async () => {
      const visitor = await lazyBrowser()
      return () => convert(visitor)
    },
    "a conversion by the page": async () => {
      const visitor = await lazyBrowser()
      const form = { csrfToken: await visitor.csrfToken(), username: freshName(), password }
      return () => visitor.visit("/convert", { form })
    },
    "a sign-up": async () => () => convert(browser()),
    "a sign-in by password": async () => {
      const username = await convert(browser())
      return () => browser().signIn("password", { username, password })
    },
    "a merge": async () => {
      const username = await convert(browser())
      const visitor = await lazyBrowser()
      return () => visitor.signIn("password", { username, password })
    },
    "a link that is asked for": async () => {
      const visitor = await lazyBrowser()
      return () => askForLink(visitor, `${freshName()}@example.com`)
    },
    "a link that is opened": async () => {
      const visitor = await lazyBrowser()
      const email = `${freshName()}@example.com`
      await askForLink(visitor, email)
      const link = await mailbox.linkFor(email)
      return () => visitor.visit(link)
    },
    "a conversion by a provider": async () => {
      const visitor = await lazyBrowser()
      const address = await callback(visitor, freshName())
      return () => visitor.visit(address)
    },
    "a sign-up by a provider": async () => {
      const visitor = browser()
      const address = await callback(visitor, freshName())
      return () => visitor.visit(address)
    },
    "a merge by a provider": async () => {
      const sub = freshName()
      const before = browser()
      await before.visit(await callback(before, sub))
      const visitor = await lazyBrowser()
      const address = await callback(visitor, sub)
      return () => visitor.visit(address)
    },
    "a provider that is linked": async () => {
      const visitor = browser()
      await convert(visitor)
      const address = await callback(visitor, freshName())
      return () => visitor.visit(address)
    },
    "a sign-out": async () => {
      const visitor = await lazyBrowser()
      return () => visitor.signOut()
    },
  }

  /**
   * The secrets to look for: values of statements, cookies, and what no statement should contain.
   */
  const secretsIn = (text: string) => [
    ...used.in(text),
    ...[password, secret, "$argon2id"].filter((each) => text.includes(each)),
    ...(text.match(/\bey[\w-]{10,}\.[\w-]*\.[\w-]+/g) ?? []),
  ]

  describe.each([
    [
      "is gone",
      (table: string) => `alter table "${table}" rename to "${table}_gone"`,
      (table: string) => `alter table "${table}_gone" rename to "${table}"`,
    ],
    [
      "refuses in a trigger that quotes the row",
      (table: string) =>
        `create trigger no before insert or update or delete on "${table}" for each row execute function quote_row()`,
      (table: string) => `drop trigger no on "${table}"`,
    ],
  ])("where a table %s", (state, fail, mend) => {
    beforeAll(async () => {
      await database.query(`create or replace function quote_row() returns trigger language plpgsql as $$ begin
        raise exception 'No: %', to_jsonb(coalesce(new, old)) - 'username' - 'name' - 'providerAccountId' - 'identifier' using detail = to_jsonb(coalesce(new, old))::text;
      end $$`)
    })

    it.each(Object.keys(flows))("hold no secret of %s", async (flow) => {
      const failed: string[] = []
      const key = `${flow}, ${state}, ${strategy}`
      for (const table of failing.get(key) ?? TABLES) {
        const run = await (flows[flow] as (typeof flows)[string])()
        seen.length = 0
        used.values.clear()
        await database.query(fail(table))
        await run().catch((error: unknown) => seen.push(everythingOf(error)))
        await database.query(mend(table))
        const text = seen.join("\n")
        expect(
          secretsIn(text.replaceAll(/(?:email|callbackUrl)=[^&\s"]*/g, "")),
          `${table}: ${text.slice(0, 2000)}`,
        ).toEqual([])
        if (/Failed query|MergeConflictError/.test(text)) failed.push(table)
      }
      expect(failed).toEqual(failing.get(key) ?? failed)
      failing.set(key, failed)
      const isRead = flow.startsWith("a visit") || (strategy === "jwt" && flow === "a sign-in by password")
      const fails = state === "is gone" ? strategy === "database" || !flow.startsWith("a visit") : !isRead
      if (fails) expect(failed).not.toEqual([])
    })
  })
})
