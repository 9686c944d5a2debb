import { sleep, until } from "../servers/run-program.js"
import { judgingBrowser } from "./judging-browser.js"
import type { Ledger } from "./ledger.js"
import type { RoundRobin } from "./round-robin.js"
import { PASSWORD } from "./visitor.js"

const USERNAME = "the-probe"
const EVERY = 300
/** How many sign in at a time, so that a slow one hides nothing. */
const PROBES = 2

/** A sign-in that was tried: when it began, when the password was sent, and when it ended. */
interface Try {
  began: number
  sent: number
  ended: number
  succeeded: boolean
}

/** Signs in again and again: as a new lazy user, and with a password. */
export class Probe {
  readonly tries: Try[] = []
  #isOver = false
  #account = ""
  #running: Promise<unknown> | undefined

  constructor(
    private readonly ledger: Ledger,
    private readonly apps: RoundRobin,
  ) {}

  async start(): Promise<void> {
    const browser = judgingBrowser(this.ledger, this.apps)
    await browser.signIn("convert", { username: USERNAME, password: PASSWORD })
    const session = await browser.session()
    if (session?.user.isLazy !== false) throw new Error("The probe could not sign up.")
    this.#account = session.user.id as string
    this.ledger.users.set(this.#account, { kind: "real" })
    this.#running = Promise.all(Array.from({ length: PROBES }, (_, n) => this.#run((n * EVERY) / PROBES)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  /** The milliseconds from a moment to the end of the first sign-in that was sent after it and succeeded. */
  recoveryAfter(moment: number): number | undefined {
    const after = this.tries.filter(({ sent, succeeded }) => succeeded && sent >= moment)
    return after.length === 0 ? undefined : Math.min(...after.map(({ ended }) => ended)) - moment
  }

  /** Waits until sign-ins go on after a moment, or gives up after a while. */
  async recover(moment: number): Promise<void> {
    await until("sign-ins go on", async () => this.recoveryAfter(moment) !== undefined).catch(() => {})
  }

  /** The milliseconds that half of the sign-ins took. */
  get usual(): number {
    const times = this.tries.filter(({ succeeded }) => succeeded).map(({ began, ended }) => ended - began)
    return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
  }

  /** Counts the tries that failed between two moments. */
  failuresIn(from: number, to: number): number {
    return this.tries.filter(({ began, ended, succeeded }) => !succeeded && ended >= from && began <= to).length
  }

  async #run(delay: number): Promise<void> {
    await sleep(delay)
    while (!this.#isOver) {
      const one: Try = { began: Date.now(), sent: 0, ended: 0, succeeded: false }
      one.succeeded = await this.#signIn(one).catch(() => false)
      one.ended = Date.now()
      this.tries.push(one)
      await sleep(EVERY)
    }
  }

  /** Becomes a lazy user, and signs in with a password, into which that one is merged. */
  async #signIn(one: Try): Promise<boolean> {
    const browser = judgingBrowser(this.ledger, this.apps)
    const page = await browser.visit("/").catch(() => undefined)
    if (page?.status !== 200) {
      // The browser doesn't come back, so a user who was made all the same is nobody's.
      if (page === undefined || page.status === 503) this.ledger.abandoned += 1
      return false
    }
    const { user } = (await page.json()) as { user: { id: string } }
    this.ledger.users.set(user.id, { kind: "lazy" })
    const csrfToken = await browser.csrfToken()
    one.sent = Date.now()
    await browser.visit("/auth/callback/password", { form: { csrfToken, username: USERNAME, password: PASSWORD } })
    if ((await browser.session())?.user.isLazy !== false) {
      this.ledger.users.set(user.id, { kind: "gone" })
      return false
    }
    this.ledger.users.set(user.id, { kind: "merged", into: this.#account })
    return true
  }
}
