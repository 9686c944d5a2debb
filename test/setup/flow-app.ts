import { afterAll, beforeAll, describe } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { handleAuth, type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "./browser-jar.js"
import { flows, type TestDatabase } from "./databases.js"

/** Secret of every test app. */
export const secret = "a secret that is long enough for anybody"

/** A password that passes the strength check. */
export const password = "correct horse battery staple"

/** Runs an app without a server: one database, and browsers that call `handleAuth`. */
export class FlowApp {
  database!: TestDatabase
  /** Errors that Auth.js logged. */
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

  /** Opens a new browser on the app, with `changes` to its configuration. */
  browser(changes: Partial<LazyConfig> = {}, origin = "http://app.test"): Browser {
    const auth = withLazy({ ...this.config, ...changes })
    return new Browser(origin, (request) => handleAuth(request, auth))
  }

  /** Opens a new browser and signs in as a lazy user. */
  async lazyBrowser(changes: Partial<LazyConfig> = {}): Promise<{ browser: Browser; id: string }> {
    const browser = this.browser(changes)
    await browser.signIn("lazy")
    const session = await browser.session()
    if (session?.user.isLazy !== true) throw new Error("No lazy session was made.")
    return { browser, id: session.user.id as string }
  }

  /** Counts the rows of `what`: a table, optionally with a `where` clause. */
  async count(what: string): Promise<number> {
    const [row] = await this.database.query(`select count(*) as n from ${what}`)
    return Number(row?.n)
  }

  /** Reads the row of a user. */
  async user(id: string): Promise<Record<string, unknown> | undefined> {
    return (await this.database.query(`select * from "user" where id = '${id}'`))[0]
  }
}

/** Runs tests with both kinds of session; pass `everyFlow` to run them on every driver. */
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
 * Waits until the ten-second window in which a browser gets one id has four seconds left. Two
 * requests on either side of its end may each make a user.
 */
export async function earlyInWindow(): Promise<void> {
  while (Date.now() % 10_000 > 6_000) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Reads the `code` from a redirect to the error page of Auth.js; null without one. */
export function refusal(response: Response): string | null {
  const location = response.headers.get("location")
  return location === null ? null : new URL(location, "http://app.test").searchParams.get("code")
}
