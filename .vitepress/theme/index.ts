import { Content } from "vitepress"
import DefaultTheme, { VPHomeContent, VPHomeFeatures, VPHomeHero } from "vitepress/theme"
import { type App, h } from "vue"
import screenshot from "../../docs/demo/screenshot.png"
import "./style.css"

const alt = "The demo: on the left the notes of a lazy user, on the right the convert page."
const picture = () => h("img", { class: "screenshot", src: screenshot, alt, width: 1192, height: 1178 })

/** The home page of VitePress's theme in a `<main>`, which that one lacks, with the table of contents below. */
const Home = () =>
  h("main", { class: "home" }, [
    h(VPHomeHero, null, { "home-hero-image": picture }),
    h(VPHomeFeatures),
    h(VPHomeContent, null, () => h(Content)),
  ])

export default {
  extends: DefaultTheme,
  // The theme leaves room for a picture only where its own layout has one.
  Layout: () => h(DefaultTheme.Layout, null, { "home-hero-image": picture }),
  enhanceApp: ({ app }: { app: App }) => void app.component("ContentsHome", Home),
}
