import { sleep } from "../servers/run-program.js"
import { fillDisk, isOnSmallDisk } from "../servers/small-disk.js"
import type { Settings } from "../settings.js"
import type { World } from "../world.js"

/** What a fault came to. */
export interface Outcome {
  /** The moment from which sign-ins have five seconds to go on. */
  over: number
  /** Connections that were to be cut, and those that were. */
  cuts?: { asked: number; made: number }
}

/** One way to break something. */
export interface FaultKind {
  name: string
  /** Why it can't be done on this machine; undefined where it can. */
  missing?: (world: World) => string | undefined
  /** Breaks something, and puts right what the servers can't by themselves. */
  run: (world: World, settings: Settings, random: () => number) => Promise<Outcome>
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
      return { over: began }
    },
    afterwards: ({ cluster }) => cluster.addStandby(),
  },
  {
    name: "restart of PgBouncer",
    async run({ cluster, pooler }) {
      const began = Date.now()
      await pooler.restart(cluster.primary.port)
      return { over: began }
    },
  },
  {
    name: "kill -9 of a Node process",
    async run({ apps }, _, random) {
      const began = Date.now()
      await one(apps, random).kill()
      return { over: began }
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
      return { over: began }
    },
  },
  {
    name: "connections cut in COMMIT",
    async run({ proxy }, { lasting }) {
      const until = Date.now() + lasting.cuts * 1000
      let [asked, made] = [0, 0]
      for (; Date.now() < until; asked++) {
        const statement = asked % 3 === 2 ? /insert into "user"/ : /commit\0/i
        // Not awaited, since the statement may never come.
        void proxy.cut(statement, asked % 2 === 0 ? "after" : "before").then(() => (made += 1))
        await sleep(250)
      }
      proxy.spare()
      return { over: Date.now(), cuts: { asked, made } }
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
      return { over: began }
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
      return { over: began }
    },
  },
]
