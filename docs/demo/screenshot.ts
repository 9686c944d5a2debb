// Takes the picture for the README: npm run build && npx tsx docs/demo/screenshot.ts
import { join } from "node:path"
import type { Browser, Page } from "playwright-core"
import { launchChromium } from "../../test/setup/chromium.js"
import { startDemo, throwAwayFolder, userAgent } from "../../test/setup/demo-server.js"

const NOTES = [
  "Return the library books before Friday",
  "Names for the boat:\n· Perhaps\n· Second Wind\n· It Floats",
  "Ideas for Sunday:\n· the lake, if it is warm\n· the museum with the clocks",
  "Ask Lin for her lentil soup: cumin, lemon, and what else?",
  "“The best time to plant a tree was twenty years ago. The second best time is now.”",
]
const SIZE = { width: 560, height: 1130 }
const GAP = 24

const folder = await throwAwayFolder()
const demo = await startDemo({ DEMO_DATA: folder.path })
const chromium = await launchChromium()
try {
  const page = await chromium.newPage({ baseURL: demo.origin, userAgent, viewport: SIZE })
  await page.goto("/")
  for (const note of NOTES) {
    await page.getByLabel("New note").fill(note)
    await page.getByRole("button", { name: "Add note" }).click()
    await page.getByText(note).waitFor()
  }
  const lazy = await picture(page)
  await page.getByRole("link", { name: "Make an account" }).click()
  await page.getByLabel("Username").fill("ada.lovelace")
  for (const label of ["Password", "Password again"])
    await page.getByLabel(label, { exact: true }).fill("correct horse battery staple")
  const convert = await picture(page)
  await sideBySide(chromium, [lazy, convert], join(import.meta.dirname, "screenshot.png"))
} finally {
  await chromium.close()
  await demo.stop()
  await folder.remove()
}

async function picture(page: Page): Promise<string> {
  return `data:image/png;base64,${(await page.screenshot()).toString("base64")}`
}

async function sideBySide(chromium: Browser, pictures: string[], path: string): Promise<void> {
  const width = pictures.length * (SIZE.width + GAP) + GAP
  const page = await chromium.newPage({ viewport: { width, height: SIZE.height + 2 * GAP } })
  await page.setContent(`
    <style>
      body { display: flex; gap: ${GAP}px; margin: 0; padding: ${GAP}px }
      img { border-radius: 12px; box-shadow: 0 2px 12px #0005 }
    </style>
    ${pictures.map((source) => `<img src="${source}">`).join("")}`)
  await page.screenshot({ path, omitBackground: true })
}
