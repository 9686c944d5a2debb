import { afterEach, expect, it } from "vitest"
import type { Browser } from "../setup/browser-jar.js"
import { describeLinking } from "../setup/linking-app.js"

describeLinking("an address that the database refuses", (app) => {
  let undo = ""
  afterEach(async () => {
    await app.database.query(undo)
  })
  const change = async (rule: string, back: string) => {
    undo = back
    await app.database.query(rule)
  }
  const errorOf = (answer: Response) => {
    const { searchParams } = new URL(answer.headers.get("location") ?? "", "http://app.test")
    return [searchParams.get("error"), searchParams.get("code")]
  }
  const visitors: Record<string, () => Promise<Browser>> = {
    "a lazy user": async () => (await app.lazyBrowser()).browser,
    "a visitor without a session": async () => app.browser(),
  }
  const ways: Record<string, (browser: Browser, email: string) => Promise<Response>> = {
    OAuth: (browser, email) => app.signInWith(browser, "one", app.person({ email })),
    "a link": async (browser, email) => browser.visit(await app.askForLink(browser, email)),
  }
  const all = Object.keys(visitors).flatMap((who) => Object.keys(ways).map((way) => [who, way] as const))

  async function refused([who, way]: readonly [string, string], email: string) {
    const browser = await (visitors[who] as () => Promise<Browser>)()
    const before = (await browser.session())?.user
    const users = await app.count('"user"')
    const identities = await app.count("account")
    const answer = await (ways[way] as (typeof ways)[string])(browser, email)
    expect((await browser.session())?.user).toEqual(before)
    expect(await app.count('"user"')).toBe(users)
    expect(await app.count("account")).toBe(identities)
    return errorOf(answer)
  }

  it.for(all)("says that another user has it, where a rule is about lower(email): %s by %s", async (one) => {
    const email = app.person().email as string
    await change('create unique index addresses on "user" (lower(email))', "drop index addresses")
    await app.database.query(`insert into "user" (id, email) values ('${crypto.randomUUID()}', upper('${email}'))`)
    expect(await refused(one, email)).toEqual(
      one[1] === "OAuth" ? ["OAuthAccountNotLinked", null] : ["CredentialsSignin", "email_taken"],
    )
  })

  it.for(all)("says that it can't be one, where a rule forbids it: %s by %s", async (one) => {
    const email = app.person().email as string
    await change(
      `alter table "user" add constraint ours check (email not like '${email}') not valid`,
      'alter table "user" drop constraint ours',
    )
    expect(await refused(one, email)).toEqual(["CredentialsSignin", "email_invalid"])
  })
})
