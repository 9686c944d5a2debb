import { describe, expect, it } from "vitest"
import { startAttempt } from "../../src/gate/next/sign-in-attempt.js"
import type { PostgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import type { Mailbox } from "../setup/mailbox.js"
import type { OpenIdProvider } from "../setup/openid-provider.js"
import { type Told, unescapeHtml, type Visitor } from "./base-path-visitor.js"
import type { StartedApp } from "./next-app.js"

interface Parts {
  visitor: () => Visitor
  lazyVisitor: () => Promise<{ visitor: Visitor; id: string }>
  user: (id: string) => Promise<Record<string, unknown> | undefined>
  app: StartedApp
  mailbox: Mailbox
  openId: OpenIdProvider
  database: PostgresDatabase
}

/** Calls `signInResult` by a form of `useActionState`, in the built app of base-path.test.ts. */
export function describeResults(parts: () => Parts): void {
  const send = (visitor: Visitor, fields: Record<string, string>) => visitor.act(fields, "/app/result")

  /** The result that the page shows, and everything the browser was sent. */
  async function resultOf(answer: Response): Promise<{ result: unknown; text: string }> {
    const text = await answer.text()
    const shown = /<pre>(.*?)<\/pre>/s.exec(text)?.[1]
    if (answer.status !== 200 || !shown) throw new Error(`The form was answered ${answer.status}: ${text}`)
    return { ...(JSON.parse(unescapeHtml(shown)) as { result: unknown }), text }
  }
  const result = async (visitor: Visitor, fields: Record<string, string>) =>
    (await resultOf(await send(visitor, fields))).result
  const refused = (code: string) => ({ ok: false, code, message: expect.stringMatching(/^[A-Z][^{}<>]+\.$/) })
  const who = async (visitor: Visitor) => (await visitor.read<Told>("/app/gated")).user
  const uniqueName = () => `user-${crypto.randomUUID().slice(0, 8)}`

  describe("signInResult", () => {
    it("returns refusals with their code and text, keeps the lazy user, and converts it in place", async () => {
      const { visitor, id } = await parts().lazyVisitor()
      const convert = { provider: "convert", username: uniqueName(), password }
      expect(await result(visitor, { ...convert, password: "password" })).toEqual(refused("password_weak"))
      expect(await result(visitor, { ...convert, username: "" })).toEqual(refused("username_invalid"))
      expect(await result(visitor, { ...convert, passwordConfirm: "another", ask: "object" })).toEqual({
        ok: false,
        code: "password_mismatch",
        message: "Zwei verschiedene.",
      })
      expect(await result(visitor, { ...convert, ask: "no" })).toEqual(refused("access_denied"))
      expect(await who(visitor)).toMatchObject({ id, isLazy: true })

      expect(await result(visitor, convert)).toEqual({ ok: true })
      expect(await who(visitor)).toMatchObject({ id, isLazy: false })
      expect(await result(visitor, convert)).toEqual(refused("already_converted"))

      const other = await parts().lazyVisitor()
      expect(await result(other.visitor, convert)).toEqual(refused("username_taken"))
      const wrong = { provider: "password", username: convert.username, password: "wrong" }
      for (let n = 0; n < 10; n++) expect(await result(other.visitor, wrong)).toEqual(refused("wrong_credentials"))
      expect(await result(other.visitor, wrong)).toEqual(refused("too_many_tries"))
      expect(await who(other.visitor)).toMatchObject({ id: other.id, isLazy: true })
    })

    it("makes a lazy user, and leaves one that is there", async () => {
      const visitor = parts().visitor()
      expect(await result(visitor, { provider: "lazy" })).toEqual({ ok: true })
      const { id } = await who(visitor)
      expect(await result(visitor, { provider: "lazy" })).toEqual({ ok: true })
      expect(await who(visitor)).toMatchObject({ id, isLazy: true })
    })

    it("redirects to the path that the form or the app names, and to no other site", async () => {
      const redirect = async (fields: Record<string, string>) => {
        const convert = { provider: "convert", username: uniqueName(), password }
        const answer = await send(parts().visitor(), { ...convert, ...fields })
        return answer.status === 303 ? answer.headers.get("location") : (await resultOf(answer)).result
      }
      expect(await redirect({ redirectTo: "/app/gated?form" })).toMatch(/\/app\/gated\?form$/)
      expect(await redirect({ callbackUrl: "/app/gated?form", to: "/app/gated?app" })).toMatch(/\/app\/gated\?form$/)
      expect(await redirect({ to: "/app/gated?app" })).toMatch(/\/app\/gated\?app$/)
      expect(await redirect({ to: "/app/gated", stay: "yes" })).toEqual({ ok: true })
      for (const redirectTo of [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "nowhere:",
      ])
        expect(await redirect({ redirectTo, redirect: "true" })).toEqual({ ok: true })
    })

    it("goes where the signIn callback leads by a URL or by redirect() of Next, with nothing changed", async () => {
      const { visitor, id } = await parts().lazyVisitor()
      const convert = { provider: "convert", username: uniqueName(), password }
      const elsewhere = await send(visitor, { ...convert, ask: "elsewhere" })
      expect([elsewhere.status, elsewhere.headers.get("location")]).toEqual([
        303,
        expect.stringMatching(/\/app\/form\?elsewhere$/),
      ])
      const redirected = await send(visitor, { ...convert, ask: "redirect" })
      expect([redirected.status, redirected.headers.get("location")]).toEqual([
        303,
        expect.stringMatching(/\/gated\?redirected$/),
      ])
      expect(await who(visitor)).toMatchObject({ id, isLazy: true })
    })

    it("tells the browser nothing of an error in the database, logs it, and keeps the lazy user", async () => {
      const { visitor, id } = await parts().lazyVisitor()
      const convert = { provider: "convert", username: uniqueName(), password }
      const { database, app } = parts()
      await database.query("alter table password rename to password_away")
      try {
        const { result, text } = await resultOf(await send(visitor, convert))
        expect(result).toEqual(refused("server_error"))
        expect(text).not.toMatch(/relation|does not exist|insert into|AdapterError/)
        expect(app.output()).toMatch(/Failed query: insert into .?"password/)
      } finally {
        await database.query("alter table password_away rename to password")
      }
      expect(await who(visitor)).toMatchObject({ id, isLazy: true })
      expect(await result(visitor, convert)).toEqual({ ok: true })
    })

    it("says that a merge failed, and keeps the lazy user", async () => {
      const owner = parts().visitor()
      const account = { provider: "convert", username: uniqueName(), password }
      await result(owner, account)
      const { visitor, id } = await parts().lazyVisitor()
      const { database } = parts()
      await database.query(
        `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'a secret'; end $$;
        create trigger refuse before delete on "user" for each row execute function refuse()`,
      )
      try {
        const { result, text } = await resultOf(await send(visitor, { ...account, provider: "password" }))
        expect(result).toEqual(refused("merge_failed"))
        expect(text).not.toContain("a secret")
      } finally {
        await database.query(`drop function refuse cascade`)
      }
      expect(await who(visitor)).toMatchObject({ id, isLazy: true })
      expect(await result(visitor, { ...account, provider: "password" })).toEqual({ ok: true })
      expect(await who(visitor)).toMatchObject({ id: (await who(owner)).id, isLazy: false })
      expect(await parts().user(id)).toBeUndefined()
    })

    it("asks for an e-mail link, which converts the lazy user who asked", async () => {
      const { visitor, id } = await parts().lazyVisitor()
      for (const email of ["", "nobody", "a@b@example.com", '"a"@example.com'])
        expect(await result(visitor, { provider: "nodemailer", email })).toEqual(refused("email_invalid"))
      const email = `${id}@example.com`
      expect(await result(visitor, { provider: "nodemailer", email, to: "/app/gated?link", stay: "yes" })).toEqual({
        ok: true,
      })
      const opened = await visitor.visit(await parts().mailbox.linkFor(email))
      expect(opened.headers.get("location")).toMatch(/\/app\/gated\?link$/)
      expect(await who(visitor)).toMatchObject({ id, isLazy: false })
      const sent = await send(parts().visitor(), { provider: "nodemailer", email: `again-${email}`, to: "/app/gated" })
      expect(sent.headers.get("location")).toContain("/app/api/auth/verify-request")
    })

    it("goes to an OpenID provider, where a lazy user converts, and says when it can't be reached", async () => {
      const { visitor, id } = await parts().lazyVisitor()
      expect(await result(visitor, { provider: "down" })).toEqual(refused("provider_unreachable"))
      const { openId } = parts()
      const start = await send(visitor, { provider: "one", stay: "yes", redirectTo: "/app/gated?back" })
      const location = start.headers.get("location") ?? ""
      expect(location.startsWith(openId.issuer)).toBe(true)
      const back = await visitor.visit(await openId.walk(location, { sub: `result-${id}` }))
      expect(back.headers.get("location")).toMatch(/\/app\/gated\?back$/)
      expect(await who(visitor)).toMatchObject({ id, isLazy: false })
    })

    it("refuses a form of another site in a route handler, where Next compares no origin", async () => {
      const owner = parts().visitor()
      const convert = { provider: "convert", username: uniqueName(), password }
      expect(await result(owner, convert)).toEqual({ ok: true })
      const { visitor, id } = await parts().lazyVisitor()
      const form = { ...convert, provider: "password" }
      const post = async (headers: Record<string, string>) =>
        (await visitor.visit("/app/result-route", { form, headers })).json()
      const elsewhere: Record<string, string>[] = [
        { origin: "https://sister.app.test", "sec-fetch-site": "same-site" },
        { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
        { origin: "https://evil.example" },
        { origin: "null" },
      ]
      for (const headers of elsewhere) expect(await post(headers)).toEqual(refused("csrf"))
      expect(await who(visitor)).toMatchObject({ id, isLazy: true })
      expect(await post({ origin: "https://app.test" })).toEqual({ ok: true })
      expect(await who(visitor)).toMatchObject({ id: (await who(owner)).id, isLazy: false })
    })

    it("fails loudly for an unknown provider, a passkey, and in a component", async () => {
      const visitor = parts().visitor()
      expect((await send(visitor, { provider: "nobody" })).status).toBe(500)
      expect(parts().app.output()).toContain('signInResult found no provider "nobody"')
      const { message } = await visitor.read<{ message: string }>("/app/result?component")
      expect(message).toContain('signInResult("lazy") needs to set a cookie')
      const passkeys = { basePath: "/auth", providers: [{ id: "passkey", name: "Passkey", type: "webauthn" }] }
      const form = { origin: "http://app.test", headers: new Headers(), form: new URLSearchParams() }
      await expect(startAttempt(passkeys as never, "passkey", form)).rejects.toThrow('signIn("passkey")')
    })
  })
}
