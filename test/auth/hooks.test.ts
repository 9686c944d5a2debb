import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking, type LinkingApp } from "../setup/linking-app.js"
import { oncePerTransaction } from "../setup/repeated-hooks.js"

let counter = 0
const freshName = () => `hooked-${process.pid}-${counter++}`

/** A real user who has an account at the provider `one`, and the person there. */
async function realUser(app: LinkingApp) {
  const { browser, id } = await app.lazyBrowser()
  const person = app.person()
  await app.signInWith(browser, "one", person)
  return { id, person }
}

describeLinking("an app's hook that runs after linking", (app) => {
  /** Deletes the user that it believes was left behind, as hand-written guest code does. */
  const deletes = (): Partial<LazyConfig> => {
    const { lazy } = app.config.adapter
    const forget = async (...ids: (string | undefined)[]) => {
      for (const id of ids) if (id !== undefined) await lazy.deleteLazyUser(id)
    }
    return {
      lazy: { signOut: "delete", recheck: 0 },
      events: {
        linkAccount: ({ user }) => forget(user.id),
        convertUser: ({ user, from }) => forget(user.id, from.id),
        mergeUser: ({ from, into }) => forget(from.id, into.id),
        signIn: ({ user }) => forget(user.id),
        updateUser: ({ user }) => forget(user.id),
        createUser: ({ user }) => forget(user.id),
      },
    }
  }
  const visitor = async () => {
    const browser = app.browser(deletes())
    // Lazy by other means: these hooks would delete any lazy user at once.
    const { browser: made, id } = await app.lazyBrowser()
    for (const cookie of await made.jar.getCookies(made.origin))
      await browser.jar.setCookie(cookie.toString(), browser.origin)
    return { browser, id }
  }
  const expectThere = async (browser: Browser, id: string) => {
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await app.user(id)).toMatchObject({ convertedAt: expect.anything() })
    // Nor by signing out, which deletes lazy users in this app.
    await browser.signOut()
    expect(await app.user(id)).toMatchObject({ convertedAt: expect.anything() })
  }

  it("never deletes the user that it has just linked: by an OAuth identity", async () => {
    const { browser, id } = await visitor()
    const person = app.person()
    await app.signInWith(browser, "one", person)
    expect(await app.count(`account where "userId" = '${id}'`)).toBe(1)
    await expectThere(browser, id)
    const again = app.browser()
    await app.signInWith(again, "one", person)
    expect((await again.session())?.user.id).toBe(id)
  })

  it("never deletes the user that it has just linked: by an e-mail link", async () => {
    const { browser, id } = await visitor()
    await browser.visit(await app.askForLink(browser, app.person().email as string))
    await expectThere(browser, id)
  })

  it("never deletes the user that it has just linked: by a password", async () => {
    const { browser, id } = await visitor()
    await browser.signIn("convert", { username: freshName(), password })
    await expectThere(browser, id)
  })

  it("never deletes the user into whom it has just merged", async () => {
    const real = await realUser(app)
    const { browser, id } = await visitor()
    await app.signInWith(browser, "one", real.person)
    expect(await app.user(id)).toBeUndefined()
    await expectThere(browser, real.id)
  })
})

describeLinking("the hooks of a first SSO login", (app, strategy) => {
  /** What each hook took for the user's id, in the order in which they ran. */
  function watched() {
    const seen: [hook: string, id: string | undefined][] = []
    const changes: Partial<LazyConfig> = {
      lazy: {
        onConvert: ({ user }) => void seen.push(["onConvert", user.id]),
        onMerge: ({ into }) => void seen.push(["onMerge", into.id]),
      },
      callbacks: {
        jwt: ({ token, user, trigger }) => {
          if (trigger) seen.push(["jwt", user.id], ["token", token.sub])
          return token
        },
        session: ({ session, user, token }) => {
          seen.push(["session", user?.id ?? token.sub])
          return session
        },
      },
      events: {
        createUser: ({ user }) => void seen.push(["createUser", user.id]),
        linkAccount: ({ user }) => void seen.push(["linkAccount", user.id]),
        convertUser: ({ user }) => void seen.push(["convertUser", user.id]),
        mergeUser: ({ into }) => void seen.push(["mergeUser", into.id]),
        signIn: ({ user }) => void seen.push(["signIn", user.id]),
      },
    }
    return { seen, changes }
  }
  const inToken = strategy === "jwt" ? ["jwt", "token"] : []

  it("see the final database id, not the provider's, where a lazy user converts", async () => {
    const { seen, changes } = watched()
    const { browser, id } = await app.lazyBrowser(changes)
    seen.length = 0
    const person = app.person()
    await app.signInWith(browser, "one", person)
    await browser.session()
    expect(oncePerTransaction(seen)).toEqual(
      [...inToken, "onConvert", "linkAccount", "convertUser", "signIn", "session"].map((hook) => [hook, id]),
    )
    expect(await app.user(id)).toMatchObject({ email: person.email })
  })

  it("see the final database id, not the provider's, where a lazy user is merged", async () => {
    const real = await realUser(app)
    const { seen, changes } = watched()
    const { browser } = await app.lazyBrowser(changes)
    seen.length = 0
    await app.signInWith(browser, "one", real.person)
    await browser.session()
    expect(oncePerTransaction(seen)).toEqual(
      [...inToken, "onMerge", "mergeUser", "signIn", "session"].map((hook) => [hook, real.id]),
    )
  })

  it("see the final database id, not the provider's, where nobody was signed in", async () => {
    const { seen, changes } = watched()
    const browser = app.browser(changes)
    const person = app.person()
    await app.signInWith(browser, "one", person)
    const id = (await browser.session())?.user.id as string
    expect(seen).toEqual(["createUser", "linkAccount", ...inToken, "signIn", "session"].map((hook) => [hook, id]))
    expect(await app.user(id)).toMatchObject({ email: person.email })
  })
})

describeLinking("an app without hooks", (app) => {
  it("logs no error when somebody signs up, links, proves an address or merges", async () => {
    const { person } = await realUser(app)
    await app.signInWith(app.browser(), "one", app.person())
    const { browser } = await app.lazyBrowser()
    await app.signInWith(browser, "one", person)
    await browser.visit(await app.askForLink(browser, app.person().email as string))
    expect(app.logged).toEqual([])
  })
})
