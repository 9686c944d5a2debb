import { access, constants } from "node:fs/promises"
import { type Browser, chromium } from "playwright-core"

/** Where the browser is: `CHROMIUM_PATH`, or where Debian puts it. */
export const chromiumPath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"

/**
 * Starts Chromium. A machine without it can't run the browser tests, and says so.
 * @throws Error that says what to install
 */
export async function launchChromium(): Promise<Browser> {
  await access(chromiumPath, constants.X_OK).catch(() => {
    throw new Error(
      `The browser tests need Chromium at ${chromiumPath}: apt-get install chromium, or set CHROMIUM_PATH.`,
    )
  })
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  })
}
