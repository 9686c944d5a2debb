import type { ConvertStrings } from "./strings.js"

/** Shown for a moment on the way to another site; the link is for browsers that don't go on by themselves. */
export function LeavingView({ site, url, strings }: { site: string; url: string; strings: ConvertStrings }) {
  return (
    <>
      <h1>{strings.leaving(site)}</h1>
      <p class="lazy-on">
        <a class="lazy-button" href={url}>
          {strings.leavingLink(site)}
        </a>
      </p>
    </>
  )
}
