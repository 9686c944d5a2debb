import { sql } from "drizzle-orm"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { MergeHookParams } from "../../src/drizzle.js"
import { oneDriver } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

describe.each(oneDriver)("what hangs on a row that stays behind, on $driver", ({ open }) => {
  let world: MergeWorld

  beforeAll(async () => {
    world = new MergeWorld(await open())
  })
  afterEach(() => world.reset())
  afterAll(() => world.database.close())

  const merge = async (from: string, into: string) => {
    let conflicts: MergeHookParams["conflicts"] = {}
    const report = await world.store().merge(from, into, {
      onMerge: (params) => {
        conflicts = params.conflicts
      },
    })
    const pairs = Object.fromEntries(
      Object.entries(conflicts).map(([table, rows]) => [table, rows.map(({ row, by }) => [row.id, by?.id ?? null])]),
    )
    return { report, pairs }
  }
  const rows = async (columns: string, table: string) =>
    (await world.run(`select ${columns} from ${table} order by id`)).map((row) => Object.values(row))

  const carts = `create table cart (id int primary key, user_id text references "user" on delete cascade, status text default 'active');
    create unique index on cart (user_id) where status = 'active'`

  it.each(["no action", "restrict", "cascade", "set null", "set default"])(
    "moves to the row of the real user (ON DELETE %s)",
    async (action) => {
      const { from, into, other } = await world.people()
      await world.run(`${carts};
        create table item (id int primary key, cart int references cart on delete ${action}, sku text);
        insert into cart (id, user_id) values (1, '${from}'), (2, '${into}'), (3, '${other}'); insert into cart values (4, '${from}', 'done');
        insert into item values (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'a'), (4, 3, 'a'), (5, 4, 'a')`)
      const { report, pairs } = await merge(from, into)
      expect(report).toMatchObject({ moved: { cart: 1, item: 2 }, conflicts: { cart: 1 } })
      expect(pairs).toEqual({ cart: [[1, 2]] })
      expect(await rows("id, cart", "item")).toEqual([
        [1, 2],
        [2, 2],
        [3, 2],
        [4, 3],
        [5, 4],
      ])
    },
  )

  it("is stopped again by the same rules, and so on down, each next to the row that stops it", async () => {
    const { from, into } = await world.people()
    await world.run(`${carts};
      create table item (id int primary key, cart int not null references cart, sku text, unique (cart, sku));
      create table gift (id int primary key, item int references item on delete cascade, name text, unique (item, name));
      create table card (id int primary key, gift int references gift, line text);
      insert into cart values (1, '${from}'), (2, '${into}');
      insert into item values (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'b');
      insert into gift values (1, 1, 'x'), (2, 2, 'x'), (3, 2, 'y'), (4, 3, 'y');
      insert into card values (1, 1, 'l'), (2, 2, 'l'), (3, 3, 'l')`)
    const { report, pairs } = await merge(from, into)
    expect(pairs).toEqual({ cart: [[1, 2]], item: [[2, 3]], gift: [[3, 4]] })
    expect(report).toMatchObject({ moved: { item: 1, gift: 1, card: 1 }, conflicts: { cart: 1, item: 1, gift: 1 } })
    expect(await rows("id, cart", "item")).toEqual([
      [1, 2],
      [3, 2],
    ])
    expect(await rows("id, item", "gift")).toEqual([
      [1, 1],
      [2, 3],
      [4, 3],
    ])
    expect(await rows("id, gift", "card")).toEqual([
      [1, 1],
      [2, 2],
      [3, 4],
    ])
  })

  it("moves by composite keys, also where they share a column", async () => {
    const { from, into } = await world.people()
    await world.run(`create table cart (tenant int, id int, user_id text references "user", unique (user_id), primary key (tenant, id));
      create table item (id int primary key, tenant int, cart int, other_cart int,
        foreign key (tenant, cart) references cart, foreign key (tenant, other_cart) references cart);
      insert into cart values (7, 1, '${from}'), (7, 2, '${into}');
      insert into item values (1, 7, 1, 2), (2, 7, 1, 1), (3, 7, null, 1)`)
    await merge(from, into)
    expect(await rows("id, tenant, cart, other_cart", "item")).toEqual([
      [1, 7, 2, 2],
      [2, 7, 2, 2],
      [3, 7, null, 2],
    ])
  })

  it("moves where another table holds the same key in turn", async () => {
    const { from, into } = await world.people()
    await world.run(`${carts};
      create table discount (id int primary key references cart, percent int);
      create table reason (id int primary key, discount int references discount);
      insert into cart values (1, '${from}'), (2, '${into}');
      insert into discount values (1, 10); insert into reason values (1, 1)`)
    const { pairs } = await merge(from, into)
    expect(pairs).toEqual({ cart: [[1, 2]] })
    expect(await rows("id", "discount")).toEqual([[2]])
    expect(await rows("id, discount", "reason")).toEqual([[1, 2]])
  })

  it("follows that key to the row of the real user where it has one already", async () => {
    const { from, into } = await world.people()
    await world.run(`${carts};
      create table discount (id int primary key references cart, percent int);
      create table reason (id int primary key, discount int references discount);
      insert into cart values (1, '${from}'), (2, '${into}');
      insert into discount values (1, 10), (2, 20); insert into reason values (1, 1)`)
    const { pairs } = await merge(from, into)
    expect(pairs).toEqual({ cart: [[1, 2]], discount: [[1, 2]] })
    expect(await rows("id, discount", "reason")).toEqual([[1, 2]])
  })

  it("moves a tree of folders into the folders of the same names", async () => {
    const { from, into } = await world.people()
    await world.run(`create table folder (id int primary key, user_id text references "user" on delete cascade, parent int references folder on delete cascade, name text);
      create unique index on folder (user_id, coalesce(parent, 0), name);
      create table file (id int primary key, folder int references folder on delete cascade);
      insert into folder values (1, '${from}', null, 'home'), (2, '${from}', 1, 'docs'), (3, '${from}', 2, 'tax'), (4, '${from}', 1, 'pics'),
        (11, '${into}', null, 'home'), (12, '${into}', 11, 'docs'), (13, '${into}', 12, 'tax');
      insert into file values (1, 1), (2, 2), (3, 3), (4, 4)`)
    const { pairs } = await merge(from, into)
    expect(pairs).toEqual({
      folder: [
        [1, 11],
        [2, 12],
        [3, 13],
      ],
    })
    expect(await rows("id, parent", "folder")).toEqual([
      [4, 11],
      [11, null],
      [12, 11],
      [13, 12],
    ])
    expect(await rows("id, folder", "file")).toEqual([
      [1, 11],
      [2, 12],
      [3, 13],
      [4, 4],
    ])
  })

  it("moves rows that are the user's themselves, rows of others, and what two stopped rows have", async () => {
    const { from, into, other } = await world.people()
    await world.run(`create table list (id int primary key, user_id text references "user", name text, unique (user_id, name));
      create table entry (id int primary key, list int references list, author text references "user", word text, unique (list, word));
      insert into list values (1, '${from}', 'a'), (2, '${from}', 'b'), (3, '${into}', 'a'), (4, '${into}', 'b');
      insert into entry values (1, 1, '${from}', 'w'), (2, 1, '${other}', 'x'), (3, 2, '${from}', 'w'), (4, 4, '${into}', 'w')`)
    const { pairs, report } = await merge(from, into)
    expect(pairs).toEqual({
      list: [
        [1, 3],
        [2, 4],
      ],
      entry: [[3, 4]],
    })
    expect(report.conflicts).toEqual({ list: 2, entry: 1 })
    expect(await rows("id, list, author", "entry")).toEqual([
      [1, 3, into],
      [2, 3, other],
      [4, 4, into],
    ])
  })

  it("ends where tables refer to each other in a circle", async () => {
    const { from, into } = await world.people()
    await world.run(`create table a (id int primary key, user_id text references "user" unique);
      create table b (id int primary key, a int references a unique, name text);
      alter table a add column b int references b;
      insert into a values (1, '${from}'), (2, '${into}'); insert into b values (1, 1), (2, 2);
      update a set b = id`)
    expect((await merge(from, into)).pairs).toEqual({ a: [[1, 2]], b: [[1, 2]] })
    expect(await rows("id, b", "a")).toEqual([[2, 2]])
  })

  it("lets go what hangs on a row that several rows stop, and counts it; or refuses where the key says so", async () => {
    for (const action of ["cascade", "no action"]) {
      const { from, into } = await world.people()
      await world.run(`create table cart (id int primary key, user_id text references "user", a int, b int, unique (user_id, a), unique (user_id, b));
        create table item (id int primary key, cart int references cart on delete ${action});
        insert into cart values (1, '${from}', 1, 1), (2, '${into}', 1, 2), (3, '${into}', 2, 1);
        insert into item values (1, 1)`)
      if (action === "cascade")
        expect(await merge(from, into)).toMatchObject({
          pairs: { cart: [[1, null]] },
          report: { conflicts: { cart: 1, item: 1 } },
        })
      else await expect(merge(from, into)).rejects.toMatchObject({ code: "merge_conflict", table: "item" })
      await world.run("drop table item, cart")
    }
  })

  it("never moves to a row of somebody else", async () => {
    const { from, into, other } = await world.people()
    await world.run(`create table page (id int primary key, user_id text references "user", slug text);
      create unique index on page (slug) where user_id like 'real-%';
      create table remark (id int primary key, page int references page on delete cascade);
      insert into page values (1, '${from}', 'a'), (2, '${other}', 'a'); insert into remark values (1, 1)`)
    expect(await merge(from, into)).toMatchObject({
      pairs: { page: [[1, null]] },
      report: { conflicts: { page: 1, remark: 1 } },
    })
  })

  it("takes an exclusion constraint for a rule, by which nothing moves deep", async () => {
    const { from, into } = await world.people()
    await world.run(`create table booking (id int primary key, user_id text references "user", slot circle, exclude using gist (slot with &&) where (user_id like 'real-%'));
      create table guest (id int primary key, booking int references booking on delete cascade);
      insert into booking values (1, '${from}', '<(0,0),2>'), (2, '${from}', '<(10,0),2>'), (3, '${into}', '<(1,0),2>');
      insert into guest values (1, 1), (2, 2)`)
    const { pairs, report } = await merge(from, into)
    expect(pairs).toEqual({ booking: [[1, 3]] })
    expect(report).toMatchObject({ moved: { booking: 1 }, conflicts: { booking: 1, guest: 1 } })
    expect(await rows("id, user_id", "booking")).toEqual([
      [2, into],
      [3, into],
    ])
  })

  it("decides among rows of one user that would exclude each other", async () => {
    const { from, into } = await world.people()
    await world.run(`create table slot (id int primary key, a text references "user", b text references "user", exclude using btree (a with =, b with =));
      insert into slot values (1, '${from}', '${into}'), (2, '${into}', '${from}'), (3, '${from}', '${from}')`)
    const { report } = await merge(from, into)
    expect(report).toMatchObject({ moved: { slot: 1 }, conflicts: { slot: 2 } })
  })

  it("says no to all of it where onConflict is error", async () => {
    const { from, into } = await world.people()
    await world.run(`${carts}; create table item (id int primary key, cart int references cart);
      insert into cart values (1, '${from}'), (2, '${into}'); insert into item values (1, 1)`)
    const before = await world.everything()
    await expect(world.store().merge(from, into, { onConflict: "error" })).rejects.toMatchObject({ table: "cart" })
    expect(await world.everything()).toEqual(before)
  })

  it("lets the hook keep a row that was stopped on the way", async () => {
    const { from, into } = await world.people()
    await world.run(`${carts};
      create table item (id int primary key, cart int references cart, sku text, quantity int, unique (cart, sku));
      insert into cart values (1, '${from}'), (2, '${into}');
      insert into item values (1, 1, 'a', 2), (2, 2, 'a', 3)`)
    await world.store().merge(from, into, {
      async onMerge({ tx, conflicts }) {
        for (const { row, by } of conflicts.item ?? [])
          await tx.execute(sql`update item set quantity = quantity + ${row.quantity} where id = ${by?.id}`)
      },
    })
    expect(await rows("id, quantity", "item")).toEqual([[2, 5]])
  })

  it("moves rows of partitioned tables", async () => {
    const { from, into } = await world.people()
    await world.run(`${carts};
      create table item (id int, cart int references cart, primary key (id, cart)) partition by hash (cart);
      create table item_0 partition of item for values with (modulus 2, remainder 0);
      create table item_1 partition of item for values with (modulus 2, remainder 1);
      insert into cart values (1, '${from}'), (2, '${into}');
      insert into item select n, 1 from generate_series(1, 20) n; insert into item values (1, 2)`)
    const { report } = await merge(from, into)
    expect(report).toMatchObject({ moved: { item: 19 }, conflicts: { cart: 1, item: 1 } })
    expect(await world.count("item where cart = 2")).toBe(20)
  })
})
