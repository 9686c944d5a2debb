import { randomNumbers } from "../../setup/random-numbers.js"
import { sleep } from "../servers/run-program.js"
import type { Ledger } from "./ledger.js"
import type { RoundRobin } from "./round-robin.js"
import { hasGivenUp, Visitor } from "./visitor.js"

/** The most accounts into which visitors sign in again. */
const ACCOUNTS = 200

/** Visitors who come, write, convert, sign in to their account, sign out, or just leave. */
export class Crowd {
  readonly #accounts: { username: string; id: string }[] = []
  #made = 0
  #isOver = false
  #people: Promise<void>[] = []

  constructor(
    private readonly ledger: Ledger,
    private readonly apps: RoundRobin,
  ) {}

  start(count: number, seed: number): void {
    this.#people = Array.from({ length: count }, (_, n) => this.#comeAndGo(randomNumbers(seed * 1000 + n)))
  }

  /** Lets the visitors finish what they are at. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#people)
  }

  async #comeAndGo(random: () => number): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#live(random)
      } catch (error) {
        if (!hasGivenUp(error)) this.ledger.breaks(`a visitor: ${String((error as Error).stack)}`)
        else if (!this.#isOver) this.ledger.breaks(`a visitor gave up: ${(error as Error).message}`)
      }
      await sleep(50 + random() * 150)
    }
  }

  /** Lives the life of one visitor. */
  async #live(random: () => number): Promise<void> {
    const visitor = new Visitor(this.ledger, this.apps, () => this.#isOver)
    await visitor.arrive()
    await this.#work(visitor, random)
    const way = random()
    if (way < 0.35) {
      const username = `person-${++this.#made}`
      await visitor.convert(username)
      this.#accounts.push({ username, id: visitor.userId as string })
      if (this.#accounts.length > ACCOUNTS) this.#accounts.shift()
    } else if (way < 0.7) {
      const account = this.#accounts[Math.floor(random() * this.#accounts.length)]
      if (!account) return
      await visitor.merge(account.username, account.id)
    } else if (way < 0.85) return visitor.signOut()
    // The rest leave with a session that lives on.
    else return
    await this.#work(visitor, random)
    if (random() < 0.5) await visitor.signOut()
  }

  async #work(visitor: Visitor, random: () => number): Promise<void> {
    for (let left = 1 + Math.floor(random() * 5); left > 0 && !this.#isOver; left--) {
      const what = random()
      if (what < 0.4) await visitor.write("note")
      else if (what < 0.7) await visitor.write("mark")
      else await visitor.look()
      await sleep(random() * 100)
    }
  }
}
