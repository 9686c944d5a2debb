import type { Page } from "playwright-core"
import { expect } from "vitest"
import { findViolations, takePicture } from "../setup/demo-server.js"
import { password } from "../setup/flow-app.js"
import type { Mailbox } from "../setup/mailbox.js"
import type { OpenIdProvider } from "../setup/openid-provider.js"

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1100, height: 800 } }

/**
 * Takes a page through every state of each item of the registry, looked at on a phone and on a
 * desktop, in light and in dark colours.
 */
export async function seeComponents(page: Page): Promise<void> {
  const see = async (name: string) => {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport)
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme })
        await takePicture(page, `registry-${name}-${colorScheme}-${size}`)
        expect(await findViolations(page), `${name} ${colorScheme} ${size}`).toEqual([])
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(overflow, `${name} ${size}`).toBeLessThanOrEqual(0)
    }
  }
  const email = "components@example.com"
  const banner = page.locator("[data-slot=lazy-banner]")
  const focused = () => page.evaluate(() => document.activeElement?.textContent || document.activeElement?.id)

  await page.goto("/")
  await write(page, "First words")
  await banner.getByText("Keep what you made").waitFor()
  await see("lazy-banner")

  // Signing out asks first, and staying changes nothing.
  await page.getByRole("button", { name: "Sign out" }).click()
  const dialog = page.getByRole("dialog", { name: "You would lose what you made" })
  await dialog.waitFor()
  await expect.poll(focused).toBe("Make an account")
  await see("sign-out-warning")
  await dialog.getByRole("button", { name: "Stay signed in" }).click()
  await expect.poll(focused).toBe("Sign out")

  // The banner goes, and its link stays, here and after a reload.
  await banner.getByRole("button", { name: "Hide" }).click()
  await expect.poll(focused).toBe("Keep what you made")
  await page.reload()
  await expect.poll(() => banner.getByRole("button").count()).toBe(0)
  await see("lazy-banner-hidden")
  await banner.getByRole("link").click()

  // The form names the field at fault, moves the focus there, and keeps the address alone.
  await page.getByRole("heading", { name: "Make your account" }).waitFor()
  const form = page.locator("[data-slot=convert-password]")
  const address = form.getByLabel("E-mail")
  const secret = form.getByLabel("Password", { exact: true })
  await see("convert-form")
  await address.fill(email)
  await secret.fill("password")
  await form.getByText("Too weak").waitFor()
  await form.getByRole("button", { name: "Show password" }).click()
  expect(await secret.getAttribute("type")).toBe("text")
  await form.getByRole("button", { name: "Make my account" }).click()
  await form.getByRole("alert").getByText("too easy to guess").waitFor()
  await expect.poll(() => secret.evaluate((input) => input === document.activeElement)).toBe(true)
  expect(await secret.getAttribute("aria-invalid")).toBe("true")
  expect(await secret.getAttribute("type")).toBe("password")
  expect(await secret.getAttribute("autocomplete")).toBe("new-password")
  expect([await address.inputValue(), await secret.inputValue()]).toEqual([email, ""])
  await see("convert-form-refused")
  await secret.fill(password)
  await form.getByText("Strong").waitFor()
  expect(await form.getByRole("alert").count()).toBe(0)
  await form.getByRole("button", { name: "Make my account" }).click()
  await page.getByRole("link", { name: email }).waitFor()
  expect(await banner.count()).toBe(0)
  await page.getByRole("link", { name: email }).click()
  await page.getByRole("button", { name: "Sign out" }).click()

  // Signing in to the account from another lazy session says what was moved, once.
  await page.getByRole("heading", { name: "Sign in" }).waitFor()
  await page.goto("/")
  await write(page, "Second words")
  await page.goto("/signin")
  await page.getByLabel("E-mail").fill(email)
  await page.getByLabel("Password").fill(password)
  await page.getByRole("button", { name: "Sign in" }).click()
  const notice = page.locator("[data-slot=merge-notice]")
  await notice.getByText("1 notebook").waitFor()
  await page.getByRole("link", { name: "Second words" }).waitFor()
  await see("merge-notice")
  expect(await page.evaluate(() => document.cookie)).not.toContain("lazy-merged")
  await notice.getByRole("button", { name: "Close" }).click()
  await expect.poll(() => notice.textContent()).toBe("")
  await page.context().close()
}

/** Has each way of the convert form refused, on a page without JavaScript, and looks where it says so. */
export async function seeRefusals(page: Page, openId: OpenIdProvider): Promise<void> {
  await page.goto("/account?redirectTo=%2Fprofile")
  const formOf = (way: string) => page.locator(`[data-slot=convert-${way}]`)
  const expectAlert = async (way: string, text: string) => {
    await formOf(way).getByRole("alert").getByText(text).waitFor()
    expect(await page.getByRole("alert").count()).toBe(1)
    expect(await formOf(way).locator("input[name=redirectTo]").inputValue()).toBe("/profile")
  }
  await formOf("email").evaluate((form) => form.setAttribute("novalidate", ""))
  const address = formOf("email").getByLabel("E-mail")
  await address.fill('"a"@example.com')
  await formOf("email").getByRole("button").click()
  await expectAlert("email", "like name@example.com")
  expect(await address.getAttribute("aria-invalid")).toBe("true")

  openId.isAway = true
  await formOf("oauth").getByRole("button").click()
  await expectAlert("oauth", "can’t be reached")
  openId.isAway = false

  await formOf("password").getByLabel("E-mail").fill("refused@example.com")
  await formOf("password").getByLabel("Password").fill("password")
  await formOf("password").getByRole("button").click()
  await expectAlert("password", "too easy to guess")
  await page.context().close()
}

/** Makes an account by a passkey. The page is on a host with a name, which passkeys need. */
export async function usePasskey(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send("WebAuthn.enable")
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto("/")
  await write(page, "By passkey")
  const { id } = await userOf(page)
  await page.goto("/account")
  await page.getByRole("button", { name: "Continue with a passkey" }).click()
  await page.waitForURL((url) => url.pathname === "/")
  await page.getByRole("link", { name: "By passkey" }).waitFor()
  await expect.poll(() => page.locator("[data-slot=lazy-banner]").count()).toBe(0)
  expect(await userOf(page)).toMatchObject({ id, isLazy: false })
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId })
  expect(credentials).toHaveLength(1)
  await page.context().close()
}

/** Makes an account by an e-mail link. */
export async function useLink(page: Page, mailbox: Mailbox): Promise<void> {
  await page.goto("/")
  await write(page, "By link")
  const { id } = await userOf(page)
  await page.goto("/account")
  const form = page.locator("[data-slot=convert-email]")
  await form.getByLabel("E-mail").fill("link@example.com")
  await form.getByRole("button").click()
  await form.getByText("Check your inbox").waitFor()
  await page.goto(await mailbox.linkFor("link@example.com"))
  await page.getByRole("link", { name: "link@example.com" }).waitFor()
  await page.getByRole("link", { name: "By link" }).waitFor()
  expect(await userOf(page)).toMatchObject({ id, isLazy: false, email: "link@example.com" })
  await page.context().close()
}

/** Asks Auth.js who is signed in. */
async function userOf(page: Page): Promise<{ id: string; isLazy: boolean }> {
  const { user } = (await (await page.request.get("/api/auth/session")).json()) as {
    user: { id: string; isLazy: boolean }
  }
  return user
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel("Start a new notebook").fill(text)
  await page.getByRole("button", { name: "Send" }).click()
  await page.locator(".messages").getByText(text).waitFor()
}
