import { afterAll, beforeAll, describe } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { handleAuth, type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "./browser-jar.js"
import { flows, type TestDatabase } from "./databases.js"

/** The secret of every test app. */
export const secret = "a secret that is long enough for anybody"

/** A password nobody would call weak. */
export const password = "correct horse battery staple"

/** An app without a server: one database, and browsers that talk to `handleAuth`. */
export class FlowApp {
  database!: TestDatabase
  /** What Auth.js logged as errors. */
  readonly logged: Error[] = []

  constructor(readonly strategy: "database" | "jwt") {}

  get config(): LazyConfig {
    return {
      adapter: LazyAdapter(this.database.db),
      providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
      secret,
      trustHost: true,
      session: { strategy: this.strategy },
      logger: { error: (error) => void this.logged.push(error), warn: () => {} },
    }
  }

  /** A new visitor of the app, configured as usual but for `changes`. */
  browser(changes: Partial<LazyConfig> = {}, origin = "http://app.test"): Browser {
    const auth = withLazy({ ...this.config, ...changes })
    return new Browser(origin, (request) => handleAuth(request, auth))
  }

  /** A visitor who is a lazy user already, and its id. */
  async lazyBrowser(changes: Partial<LazyConfig> = {}): Promise<{ browser: Browser; id: string }> {
    const browser = this.browser(changes)
    await browser.signIn("lazy")
    const session = await browser.session()
    if (session?.user.isLazy !== true) throw new Error("No lazy session was made.")
    return { browser, id: session.user.id as string }
  }

  /** How many rows there are in `what`: a table, with a condition if need be. */
  async count(what: string): Promise<number> {
    const [row] = await this.database.query(`select count(*) as n from ${what}`)
    return Number(row?.n)
  }

  /** The row of one user. */
  async user(id: string): Promise<Record<string, unknown> | undefined> {
    return (await this.database.query(`select * from "user" where id = '${id}'`))[0]
  }
}

/** Runs tests with both kinds of session; on each driver too, given `everyFlow`. */
export function describeFlows(
  name: string,
  tests: (app: FlowApp, strategy: "database" | "jwt") => void,
  combinations = flows,
): void {
  for (const { driver, open, strategy } of combinations)
    describe(`${name} (${driver}, ${strategy} sessions)`, () => {
      const app = new FlowApp(strategy)
      beforeAll(async () => {
        app.database = await open()
      })
      afterAll(() => app.database.close())
      tests(app, strategy)
    })
}

/**
 * Resolves when the ten seconds in which a browser is given one id have some left: of two requests on both sides of their end, each may make
 * a user.
 */
export async function earlyInWindow(): Promise<void> {
  while (Date.now() % 10_000 > 8_000) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** The `code` that Auth.js puts in the address of its error page, or null. */
export function refusal(response: Response): string | null {
  const location = response.headers.get("location")
  return location === null ? null : new URL(location, "http://app.test").searchParams.get("code")
}
