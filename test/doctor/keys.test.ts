import { pgTable, text } from "drizzle-orm/pg-core"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase, recreateTables } from "../setup/databases.js"
import { Patient } from "./patient.js"

let database: PostgresDatabase
let patient: Patient

beforeAll(async () => {
  database = await postgresDatabase()
  patient = new Patient(database)
})
beforeEach(() => recreateTables(database))
afterAll(() => database.close())

const lazyUser = (id: string) =>
  database.query(`insert into "user" (id, username, "lazySince", "seenAt") values ('${id}', '${id}', now(), now())`)
const realUser = (id: string) => database.query(`insert into "user" (id, email) values ('${id}', '${id}@example.com')`)

it("takes no foreign key for an obstacle to the purge whose triggers are disabled", async () => {
  await patient.paste(`create table payment ("userId" text references "user")`)
  expect(await patient.summary()).toEqual([
    "warning purge_blocked payment.userId",
    "warning lookup_index payment.userId",
  ])
  await database.query(`do $$ declare t record; begin
    for t in select tgname from pg_trigger where tgconstraint in (select oid from pg_constraint where conrelid = 'payment'::regclass) and tgrelid = '"user"'::regclass
    loop execute format('alter table "user" disable trigger %I', t.tgname); end loop; end $$`)
  expect(await patient.summary()).toEqual(["warning lookup_index payment.userId"])
})

describe("a foreign key without an index", () => {
  it("is found on tables that hang on users, however far away, with how many rows they have", async () => {
    await patient.paste(`create schema "Shop";
      create table "Shop"."Cart" (id int primary key, "Owner" text references "user" on delete cascade);
      create table line (id int primary key, cart int references "Shop"."Cart" on delete cascade);
      create table note (line int references line on delete set null);
      create table archive (note int);
      insert into line (id) select n from generate_series(1, 12345) n;
      analyze line`)
    expect(await patient.summary()).toEqual([
      "warning lookup_index Shop.Cart.Owner",
      "warning lookup_index line.cart",
      "warning lookup_index note.line",
    ])
    const findings = await patient.findings()
    expect(findings[0]?.fix).toBe(`create index concurrently on "Shop"."Cart" ("Owner");`)
    expect(findings[0]?.message).toContain("of unknown size")
    expect(findings[1]?.message).toContain("about 12,345 rows")
    for (const { fix } of findings) await patient.paste(fix)
    expect(await patient.summary()).toEqual([])
  })

  it("is found along keys without an action where the purge follows them", async () => {
    await patient.paste(`create table payment (id int primary key, "userId" text references "user");
      create table refund (id int primary key, payment int references payment on delete restrict);
      create table mail (refund int references refund on delete set null);
      alter table "user" add column "invitedBy" text references "user", add column "paidBy" int references refund;
      create index on payment ("userId")`)
    const lookups = async (cascade: boolean) =>
      (await patient.summary({ cascade })).filter((line) => line.includes("lookup_index"))
    expect(await lookups(false)).toEqual(["warning lookup_index user.invitedBy"])
    expect(await lookups(true)).toEqual([
      "warning lookup_index mail.refund",
      "warning lookup_index refund.payment",
      "warning lookup_index user.invitedBy",
      "warning lookup_index user.paidBy",
    ])
    for (const { code, fix } of await patient.findings({ cascade: true }))
      if (code === "lookup_index") await patient.paste(fix)
    expect(await patient.summary({ cascade: true })).toEqual([
      "warning purge_blocked user.invitedBy",
      "warning purge_blocked user.paidBy",
      "info purge_blocked payment.userId",
      "info purge_blocked refund.payment",
    ])
    expect(await lookups(true)).toEqual([])
  })

  it("is found from the user table to itself, and on a partitioned table", async () => {
    await patient.paste(`alter table "user" add column "invitedBy" text references "user" on delete set null;
      create table event ("userId" text references "user" on delete cascade) partition by hash ("userId");
      create table event_0 partition of event for values with (modulus 1, remainder 0);
      insert into "user" (id) values ('ada');
      insert into event select 'ada' from generate_series(1, 50);
      analyze event`)
    const findings = await patient.findings()
    expect(findings.map(({ where }) => where)).toEqual(["event.userId", "user.invitedBy"])
    expect(findings[0]?.message).toContain("about 50 rows")
    for (const { fix } of findings) await patient.paste(fix)
    expect(await patient.summary()).toEqual([])
  })

  it.each([
    { index: `on event ("userId", id)`, found: [] },
    { index: `on event using hash ("userId")`, found: [] },
    { index: `on event ("userId") where "userId" is not null`, found: [] },
    { index: `on event (id, "userId")`, found: ["warning lookup_index event.userId"] },
    { index: `on event ("userId") where id > 5`, found: ["warning lookup_index event.userId"] },
    { index: `on event (lower("userId"))`, found: ["warning lookup_index event.userId"] },
    { index: `on event using brin ("userId")`, found: ["warning lookup_index event.userId"] },
  ])("is no problem where an index begins with it: $index", async ({ index, found }) => {
    await patient.paste(
      `create table event (id int, "userId" text references "user" on delete cascade); create index ${index}`,
    )
    expect(await patient.summary()).toEqual(found)
  })

  it("is found for two columns, by either of which an index may begin", async () => {
    await patient.paste(`create table place (id int, version int, "userId" text references "user" on delete cascade, primary key (id, version));
      create index on place ("userId");
      create table visit (place int, version int, foreign key (place, version) references place on delete cascade)`)
    const finding = await patient.finding("lookup_index")
    expect(finding.where).toBe("visit.place, version")
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
  })
})

describe("a key that keeps users from being deleted", () => {
  it.each([
    { action: "", severity: "warning" },
    { action: "on delete restrict on update cascade deferrable initially deferred", severity: "warning" },
  ])("is replaced by one that cascades and is otherwise the same: $action", async ({ action, severity }) => {
    await patient.paste(`create schema shop;
      create table shop."Order" (id int primary key, "by" text not null constraint "whose" references "user" ${action});
      create index on shop."Order" ("by")`)
    await lazyUser("l1")
    await patient.paste(`insert into shop."Order" values (1, 'l1')`)
    await expect(LazyAdapter(database.db).lazy.deleteLazyUser("l1")).rejects.toThrow()
    const finding = await patient.finding("purge_blocked")
    expect(finding).toMatchObject({ severity, where: "shop.Order.by" })
    expect(await patient.summary({ cascade: true })).toContain("info purge_blocked shop.Order.by")
    const before = await definition("whose")
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
    expect(await definition("whose")).toBe(
      before.includes("RESTRICT") ? before.replace("RESTRICT", "CASCADE") : `${before} ON DELETE CASCADE`,
    )
    expect(await LazyAdapter(database.db).lazy.deleteLazyUser("l1")).toBe(true)
    expect(await database.query(`select from shop."Order"`)).toEqual([])
  })

  it("is found behind a table that goes with the user, but not behind one that stays", async () => {
    await patient.paste(`create table cart (id int primary key, "userId" text references "user" on delete cascade);
      create table line (cart int references cart);
      create table log (id int primary key, "userId" text references "user" on delete set null);
      create table entry (log int references log);
      create index on cart ("userId"); create index on line (cart); create index on log ("userId")`)
    expect(await patient.summary()).toEqual(["warning purge_blocked line.cart"])
    await patient.paste((await patient.finding("purge_blocked")).fix)
    expect(await patient.summary()).toEqual([])
  })

  it("is also one that sets null what can't be null", async () => {
    await patient.paste(
      `create table log ("userId" text not null references "user" on delete set null); create index on log ("userId")`,
    )
    const finding = await patient.finding("purge_blocked")
    expect(finding.fix).toBe(`alter table public.log alter column "userId" drop not null;`)
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
  })

  it("leaves other users where it is between users", async () => {
    await patient.paste(
      `alter table "user" add column "invitedBy" text references "user"; create index on "user" ("invitedBy")`,
    )
    await patient.paste((await patient.finding("purge_blocked")).fix)
    expect(await patient.summary()).toEqual([])
    await lazyUser("l1")
    await realUser("r1")
    await patient.paste(`update "user" set "invitedBy" = 'l1' where id = 'r1'`)
    await LazyAdapter(database.db).lazy.deleteLazyUser("l1")
    expect(await database.query(`select id, "invitedBy" from "user"`)).toEqual([{ id: "r1", invitedBy: null }])
  })

  async function definition(name: string): Promise<string> {
    const [row] = await database.query(
      `select pg_get_constraintdef(oid) as text from pg_constraint where conname = '${name}'`,
    )
    return String(row?.text)
  }
})

describe("a cascade that takes other users along", () => {
  it.each([
    {
      way: "from user to user",
      tables: `alter table "user" add column "invitedBy" text references "user" on delete cascade; create index on "user" ("invitedBy")`,
      where: "user.invitedBy",
    },
    {
      way: "from user to user, who must have one",
      tables: `alter table "user" add column "invitedBy" text not null default 'l1' references "user" on delete cascade; create index on "user" ("invitedBy")`,
      where: "user.invitedBy",
    },
    {
      way: "by way of a team",
      tables: `create table team (id int primary key, owner text references "user" on delete cascade); create index on team (owner);
        alter table "user" add column team int references team on delete cascade; create index on "user" (team)`,
      where: "user.team",
    },
  ])("is an error: $way", async ({ tables, where }) => {
    await patient.paste(tables)
    const finding = await patient.finding("self_cascade")
    expect(finding).toMatchObject({ severity: "error", where })
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
  })
})

describe("merging", () => {
  it("is impossible with a key that holds the user id with another column, until that goes", async () => {
    await patient.paste(`create table address (id int, "userId" text references "user" on delete cascade, primary key ("userId", id));
      create table parcel ("userId" text, address int, constraint "parcel address" foreign key ("userId", address) references address on delete cascade);
      create index on parcel ("userId")`)
    const finding = await patient.finding("merge_impossible")
    expect(finding).toMatchObject({
      severity: "error",
      where: "parcel.parcel address",
      fix: `alter table public.parcel drop constraint "parcel address";`,
    })
    await lazyUser("l1")
    await realUser("r1")
    const merge = () => LazyAdapter(database.db).lazy.merge("l1", "r1")
    await expect(merge()).rejects.toThrow("can't be merged")
    await patient.paste(finding.fix)
    expect((await patient.summary()).filter((line) => line.startsWith("error"))).toEqual([])
    expect((await merge()).into.id).toBe("r1")
  })

  it("is impossible with a generated user id, until that is kept", async () => {
    await patient.paste(`create table tag (raw text, "userId" text generated always as (raw) stored references "user" on delete cascade);
      create index on tag ("userId")`)
    const finding = await patient.finding("merge_impossible")
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
  })

  it("meets unique rules, of which it tells where rows can collide", async () => {
    await patient.paste(`create table cart ("userId" text primary key references "user" on delete cascade);
      create table vote (id int primary key, "userId" text references "user" on delete cascade, poll int, unique ("userId", poll), unique (id, "userId"));
      create table friend (a text references "user" on delete cascade, b text references "user" on delete cascade, check (a <> b));
      create index on friend (a); create index on friend (b);
      create table plain (id int primary key, "userId" text references "user" on delete cascade);
      create index on plain ("userId")`)
    const findings = await patient.findings()
    expect(findings.map(({ severity, code, where }) => [severity, code, where])).toEqual([
      ["info", "merge_rules", "cart"],
      ["info", "merge_rules", "vote"],
      ["info", "merge_rules", "friend"],
    ])
    expect(findings[0]?.message).toContain(`(unique on "userId")`)
    expect(findings[1]?.message).toContain(`(unique on "userId", poll)`)
    expect(findings[1]?.fix).toContain(`conflicts["vote"]`)
    expect(findings[2]?.message).toContain("(a check)")
  })

  it("looks for rows by declared columns, which want an index like others", async () => {
    await patient.paste(`create table event (actor text)`)
    const event = pgTable("event", { actor: text("actor") })
    const finding = await patient.finding("lookup_index", { tables: { references: [event.actor] } })
    expect(finding.where).toBe("event.actor")
    expect(await patient.summary()).toEqual([])
  })
})

it("tells everything in one order, the worst first", async () => {
  await patient.paste(`create table b ("userId" text references "user"); create table a ("userId" text unique references "user");
    alter table "user" drop constraint user_username_unique; alter table "user" alter column image set not null, alter column email set not null`)
  const first = await patient.summary()
  expect(first).toEqual([
    "error column_required user.image",
    "error missing_unique user.username",
    "warning purge_blocked a.userId",
    "warning purge_blocked b.userId",
    "warning lookup_index b.userId",
    "info email_required user.email",
    "info merge_rules a",
  ])
  expect(await patient.summary()).toEqual(first)
})
