import type postgres from "postgres"

/** How many users are written by one statement. */
const CHUNK = 500_000

/** Of each ten users, those who are lazy and to purge. */
const DEAD_OF_TEN = 2

/**
 * Writes users of all kinds, each with a session: seven of ten are lazy and were seen lately, two
 * are lazy and to purge, and one is real, with an address, an identity and a password. Where two of
 * ten are fewer than the purges take, more that are to purge follow. Makes the indexes and foreign
 * keys anew afterwards, which takes a third of the time.
 */
export async function fillWithAllKinds(
  admin: postgres.Sql,
  { users, dead }: { users: number; dead: number },
  log: (line: string) => void,
): Promise<void> {
  const again = await dropRules(admin)
  const missing = Math.max(0, dead - (users * DEAD_OF_TEN) / 10)
  for (let start = 1; start <= users; start += CHUNK) {
    const end = Math.min(users, start + CHUNK - 1)
    await admin.unsafe(writing(start, end))
    log(`scale: ${end} of ${users} users written`)
  }
  if (missing > 0) await admin.unsafe(writingDead(users, missing))
  for (const statement of again) await admin.unsafe(statement)
  for (const table of [`"user"`, "session", "account", "password"]) await admin.unsafe(`vacuum (analyze) ${table}`)
  await admin`checkpoint`
}

/** The ids of the users, whose number is at the end. */
export const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
const ID = "'00000000-0000-7000-8000-' || lpad(n::text, 12, '0')"

const writing = (start: number, end: number) => `
  with made as (
    insert into "user" (id, name, email, username, "lazySince", "convertedAt", "seenAt")
    select ${ID}, case when n % 10 = 0 then 'User' end, case when n % 10 = 0 then 'user-' || n || '@example.com' end,
      'name-' || n, now() - interval '90 days' + n % 1000000 * interval '1 second',
      case when n % 10 = 0 then now() end,
      now() - case when n % 10 > 7 then interval '61 days' else interval '1 day' end - n % 80000 * interval '1 second'
    from generate_series(${start}, ${end}) as n
  ), signed as (
    insert into session select 'token-' || n, ${ID},
      now() + case when n % 10 > 7 then interval '-30 days' else interval '29 days' end
    from generate_series(${start}, ${end}) as n
  ), linked as (
    insert into account ("userId", type, provider, "providerAccountId") select ${ID}, 'oauth', 'one', n
    from generate_series(${start}, ${end}) as n where n % 10 = 0
  )
  insert into password select ${ID}, '$argon2id$' from generate_series(${start}, ${end}) as n where n % 10 = 0`

const writingDead = (users: number, count: number) => `
  with made as (
    insert into "user" (id, username, "lazySince", "seenAt")
    select ${ID}, 'name-' || n, now() - interval '90 days', now() - interval '61 days' - n * interval '1 second'
    from generate_series(${users + 1}, ${users + count}) as n
  )
  insert into session select 'token-' || n, ${ID}, now() - interval '30 days'
  from generate_series(${users + 1}, ${users + count}) as n`

/** Drops indexes, unique rules and foreign keys, and returns the statements that make them again. */
async function dropRules(admin: postgres.Sql): Promise<string[]> {
  const rules = await admin<{ drop: string; add: string }[]>`
    select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(pg_constraint.oid)) as add
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where contype in ('p', 'u', 'f') and connamespace = 'public'::regnamespace and relname in ('user', 'session', 'account', 'password', 'authenticator')
    order by contype = 'f' desc, relname <> 'user'`
  const indexes = await admin<{ drop: string; add: string }[]>`
    select format('drop index %s', indexrelid::regclass) as drop, pg_get_indexdef(indexrelid) as add
    from pg_index join pg_class on pg_class.oid = indrelid
    where relnamespace = 'public'::regnamespace and relname in ('user', 'session', 'account', 'password')
      and not exists (select from pg_constraint where conindid = indexrelid)`
  for (const { drop } of [...rules, ...indexes]) await admin.unsafe(drop)
  const keys = rules.filter(({ add }) => add.includes("FOREIGN KEY"))
  const unique = rules.filter(({ add }) => !add.includes("FOREIGN KEY"))
  return [...unique, ...indexes, ...keys].map(({ add }) => add)
}
