import { sleep } from "../servers/run-program.js"
import { fillDisk, isOnSmallDisk } from "../servers/small-disk.js"
import type { Settings } from "../settings.js"
import type { World } from "../world.js"

/** One way to break something. */
export interface FaultKind {
  name: string
  /** Why it can't be done on this machine; undefined where it can. */
  missing?: (world: World) => string | undefined
  /**
   * Breaks something, and puts right what the servers can't by themselves.
   * @returns the moment from which sign-ins have five seconds to go on
   */
  run: (world: World, settings: Settings, random: () => number) => Promise<number>
  /** Prepares the servers for the next fault. */
  afterwards?: (world: World) => Promise<void>
}

const HOUR = 60 * 60 * 1000
/** Longer than a session lives, so that every visitor would look dead. */
const FORTY_DAYS = 40 * 24 * HOUR

const one = <Item>(list: readonly Item[], random: () => number): Item =>
  list[Math.floor(random() * list.length)] as Item

/** Every fault, in the order of the names in the report. */
export const FAULTS: readonly FaultKind[] = [
  {
    name: "kill -9 of the primary, promotion of the standby",
    async run({ cluster, pooler }) {
      const began = Date.now()
      await cluster.killPrimary()
      await cluster.promote()
      pooler.repoint(cluster.primary.port)
      return began
    },
    afterwards: ({ cluster }) => cluster.addStandby(),
  },
  {
    name: "restart of PgBouncer",
    async run({ cluster, pooler }) {
      const began = Date.now()
      await pooler.restart(cluster.primary.port)
      return began
    },
  },
  {
    name: "kill -9 of a Node process",
    async run({ apps }, _, random) {
      const began = Date.now()
      await one(apps, random).kill()
      return began
    },
  },
  {
    name: "Redis gone",
    async run({ redis }, { lasting }) {
      const began = Date.now()
      await redis.kill()
      await sleep(lasting.redis * 1000)
      await redis.start()
      // The limiters count in memory meanwhile, so sign-ins must go on at once.
      return began
    },
  },
  {
    name: "connections cut in COMMIT",
    async run({ proxy }, { lasting }) {
      const until = Date.now() + lasting.cuts * 1000
      for (let n = 0; Date.now() < until; n++) {
        const statement = n % 3 === 2 ? /insert into "user"/ : /commit\0/i
        void proxy.cut(statement, n % 2 === 0 ? "after" : "before")
        await sleep(250)
      }
      proxy.spare()
      return Date.now()
    },
  },
  {
    name: "disk full on the tablespace of the notes",
    missing: ({ cluster }) =>
      isOnSmallDisk(cluster.primary.space) ? undefined : "this process may not mount a disk of its own",
    async run({ cluster }, { lasting }) {
      const began = Date.now()
      const makeRoom = fillDisk(cluster.primary.space)
      await sleep(lasting.disk * 1000)
      makeRoom()
      return began
    },
  },
  {
    name: "the clock set forward in one process",
    async run({ apps, purgers }, { lasting }, random) {
      const began = Date.now()
      const [app, purger] = [one(apps, random), one(purgers, random)]
      app.tell({ clockAhead: HOUR })
      purger.tell({ clockAhead: FORTY_DAYS })
      await sleep(lasting.clock * 1000)
      for (const process of [app, purger]) process.tell({ clockAhead: 0 })
      return began
    },
  },
]
