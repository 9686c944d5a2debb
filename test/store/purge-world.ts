import { MergeWorld } from "./merge-world.js"

export const DAY = 24 * 60 * 60

/** When a user was made and last seen, in SQL; null for never. */
interface Times {
  since?: string
  seen?: string
}

const LONG_AGO = "now() - interval '40 days'"

/** A database with users to purge and to keep. */
export class PurgeWorld extends MergeWorld {
  /** A lazy user who is to be purged, unless the times say otherwise. */
  async deadUser(id: string, { since = LONG_AGO, seen = LONG_AGO }: Times = {}): Promise<string> {
    await this.run(
      `insert into "user" (id, username, "lazySince", "seenAt") values ('${id}', 'name of ${id}', ${since}, ${seen})`,
    )
    return id
  }

  /** Several of them, `d1`, `d2` and so on, each a minute after the one before. */
  async deadUsers(number: number): Promise<string[]> {
    await this.run(`insert into "user" (id, username, "lazySince", "seenAt")
      select 'd' || n, 'name of d' || n, ${LONG_AGO}, ${LONG_AGO} + n * interval '1 minute' from generate_series(1, ${number}) n`)
    return Array.from({ length: number }, (_, n) => `d${n + 1}`)
  }

  /** A lazy user who was here a moment ago. */
  aliveUser(id: string): Promise<string> {
    return this.deadUser(id, { since: "now()", seen: "now()" })
  }

  async session(userId: string, expires: string): Promise<void> {
    await this.run(`insert into session values ('token of ${userId}', '${userId}', ${expires})`)
  }

  /** The ids of the users who are there, sorted. */
  async users(): Promise<string[]> {
    return (await this.run(`select id from "user" order by id collate "C"`)).map(({ id }) => id as string)
  }
}
