import { sleep } from "../servers/run-program.js"
import type { World } from "../world.js"

const EVERY = 5000
const DEAD = 60
const IDLE = 3

/**
 * Adds users for the purges: dead ones with rows, who have to go, and ones who were seen as long ago
 * but have a live session, who have to stay.
 */
export class ForgottenUsers {
  dead = 0
  idle = 0
  #isOver = false
  #running: Promise<void> | undefined

  constructor(private readonly world: World) {}

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #run(): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      // A round that fails is not counted, and may be there all the same: it is made to be purged.
      if (await this.#add(round).catch(() => false)) {
        this.dead += DEAD
        this.idle += IDLE
      }
      for (let waited = 0; waited < EVERY && !this.#isOver; waited += 250) await sleep(250)
    }
  }

  async #add(round: number): Promise<boolean> {
    const seen = "now() - interval '40 days'"
    const user = (kind: string, count: number) =>
      `insert into "user" (id, username, "lazySince", "seenAt")
       select '${kind}-${round}-' || n, '${kind}-${round}-' || n, ${seen}, ${seen} from generate_series(1, ${count}) n`
    await this.world.cluster.query(`
      begin;
      ${user("dead", DEAD)};
      ${user("idle", IDLE)};
      insert into note (id, "userId", writer, text)
        select gen_random_uuid(), 'dead-${round}-' || n, 'nobody', '' from generate_series(1, ${DEAD}) n;
      insert into session ("sessionToken", "userId", expires)
        select 'idle-${round}-' || n, 'idle-${round}-' || n, now() + interval '5 days' from generate_series(1, ${IDLE}) n;
      commit`)
    return true
  }
}
