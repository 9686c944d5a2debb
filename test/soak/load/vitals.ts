import type { Vitals } from "../servers/node-processes.js"
import { sleep } from "../servers/run-program.js"
import type { World } from "../world.js"

const EVERY = 5000

/** What was measured at one moment. */
export interface Sample {
  at: number
  apps: Vitals[]
  /** Connections of clients to the primary. */
  connections: number
}

/** Samples the memory of the app's processes and the connections to the primary. */
export class VitalsWatch {
  readonly samples: Sample[] = []
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
    while (!this.#isOver) {
      await this.#sample().catch(() => {})
      for (let waited = 0; waited < EVERY && !this.#isOver; waited += 250) await sleep(250)
    }
  }

  async #sample(): Promise<void> {
    const { apps, cluster } = this.world
    const vitals = await Promise.all(apps.map((app) => app.vitals().catch(() => undefined)))
    const [row] = await cluster.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    )
    this.samples.push({
      at: Date.now(),
      apps: vitals.filter((each) => each !== undefined),
      connections: row?.n ?? 0,
    })
  }
}
