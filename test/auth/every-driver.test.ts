import { expect, it } from "vitest"
import { everyFlow } from "../setup/databases.js"
import { describeFlows, earlyInWindow, password, refusal } from "../setup/flow-app.js"

describeFlows(
  "the story of a visitor",
  (app) => {
    it("goes from the first click through an account and back into it, with everything that was made", async () => {
      const { browser, id } = await app.lazyBrowser()
      await app.database.query(
        `create table note (body text, user_id text not null references "user" on delete cascade)`,
      )
      await app.database.query(`insert into note values ('first', '${id}')`)
      await browser.signIn("convert", { username: "ada.lovelace", password })
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username: "ada.lovelace" })
      await browser.signOut()
      expect(await browser.session()).toBeNull()

      const { browser: elsewhere, id: guest } = await app.lazyBrowser()
      await app.database.query(`insert into note values ('second', '${guest}')`)
      const wrong = await elsewhere.signIn("password", { username: "ada.lovelace", password: "not the password" })
      expect(refusal(wrong)).toBe("wrong_credentials")
      expect((await elsewhere.session())?.user).toMatchObject({ id: guest, isLazy: true })
      await elsewhere.signIn("password", { username: "ada.lovelace", password })
      expect((await elsewhere.session())?.user).toMatchObject({ id, isLazy: false })
      expect(await app.user(guest)).toBeUndefined()
      expect(await app.database.query(`select body from note where user_id = '${id}' order by body`)).toEqual([
        { body: "first" },
        { body: "second" },
      ])
      expect(app.logged.map(({ name }) => name)).toEqual(["SignInRefused"])
    })

    it("makes one user of a browser that asks several times at once", async () => {
      const browser = app.browser()
      await browser.csrfToken()
      await earlyInWindow()
      const before = await app.count(`"user"`)
      await Promise.all([1, 2, 3].map(() => browser.signIn("lazy")))
      expect(await app.count(`"user"`)).toBe(before + 1)
    })
  },
  everyFlow,
)
