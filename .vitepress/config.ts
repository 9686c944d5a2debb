import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type DefaultTheme, defineConfig } from "vitepress"
import { checkAnchors } from "./check-anchors.js"
import { type Group, type Item, NO_PAGES, pagesIn, pagesOf, readContents } from "./contents.js"
import { home } from "./home.js"
import { docs, onSite, repository } from "./links.js"
import { markdown } from "./markdown.js"
import { writePlainPages } from "./plain-pages.js"

const icon = join(docs, "demo/public/icon.svg")
const contents = readContents(docs)
const description = "Visitors use your app before they sign up, and lose nothing when they do."
/** The entries of the package, in the order of package.json. */
const api = readdirSync(join(docs, "api"), { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".md") && path !== "index.md")
  .toSorted()
  .map((path) => `api/${path}`)

export default defineConfig({
  title: "authjs-lazy",
  description,
  lang: "en",
  head: [["link", { rel: "icon", href: `data:image/svg+xml;base64,${readFileSync(icon, "base64")}` }]],
  srcDir: "docs",
  srcExclude: [...NO_PAGES].filter((folder) => folder !== "api").map((folder) => `${folder}/**`),
  rewrites: Object.fromEntries([...pagesIn(docs), ...api].map((page) => [page, onSite(page)])),
  base: process.env.DOCS_BASE ?? "/",
  cleanUrls: true,
  // What the reader of a guide has started.
  ignoreDeadLinks: "localhostLinks",
  markdown,
  // The index of the search is one file, which is loaded when a reader searches.
  vite: { build: { chunkSizeWarningLimit: 3000 } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      {
        text: "Guide",
        items: contents.filter(isGuide).map(({ title, items }) => ({ text: title, items: items.map(linkTo) })),
      },
      ...contents.filter((group) => !isGuide(group)).map(inBar),
      { text: "API", link: "/api/" },
    ],
    sidebar: [
      ...contents.map(({ title, items }) =>
        items[0]?.items === undefined
          ? { text: title, items: items.map(inSidebar) }
          : { ...inSidebar(items[0]), text: title },
      ),
      {
        text: "API",
        link: "/api/",
        collapsed: true,
        items: api.map((page) => ({ text: page.slice("api/".length, -".md".length), link: `/${onSite(page)}` })),
      },
    ],
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: "Edit this page on GitHub" },
    docFooter: { prev: "Before", next: "Next" },
  },
  transformPageData({ relativePath }) {
    if (relativePath === "index.md") return { frontmatter: home }
    // The source of these pages is the docstrings.
    if (relativePath.startsWith("api/")) return { frontmatter: { editLink: false } }
  },
  buildEnd({ outDir, site }) {
    checkAnchors(outDir, site.base)
    const pages = contents.flatMap(({ items }) => pagesOf(items))
    writePlainPages(outDir, site.base, [...pages, ...api])
  },
})

function isGuide({ title }: Group): boolean {
  return ["Start", "Gates", "Frameworks and tables", "Converting and merging", "Migrating"].includes(title)
}

function inBar({ title, items }: Group): DefaultTheme.NavItem {
  const [first, ...others] = items
  return first !== undefined && others.length === 0
    ? { ...linkTo(first), text: title }
    : { text: title, items: items.map(linkTo) }
}

/** Gives what can be folded a link, without which the theme nests a button in a button. */
function inSidebar(item: Item): DefaultTheme.SidebarItem {
  const { items } = item
  return items === undefined ? linkTo(item) : { ...linkTo(item), collapsed: true, items: items.map(inSidebar) }
}

function linkTo({ title, page, items }: Item): DefaultTheme.NavItemWithLink {
  return { text: title, link: `/${onSite(page ?? items?.[0]?.page ?? "README.md")}` }
}
