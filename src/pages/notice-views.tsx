import type { GateSession } from "../auth/types.js"
import { type ConvertStrings, messageFor } from "../messages/strings.js"

interface DoneViewProps {
  user: GateSession["user"] | null
  strings: ConvertStrings
  doneUrl: string
}

/** Renders the notice that the account is ready, with the user's name. */
export function DoneView({ user, strings, doneUrl }: DoneViewProps) {
  return (
    <>
      <h1>{strings.doneTitle}</h1>
      <p>{strings.doneText(user?.username ?? user?.email ?? user?.name ?? null)}</p>
      <p class="lazy-on">
        <a class="lazy-button lazy-first" href={doneUrl}>
          {strings.doneLink}
        </a>
      </p>
    </>
  )
}

/** Renders the notice on the way to another site, with a link for browsers that don't redirect. */
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

/** Renders the notice for an error that the person can't correct in the form. */
export function FailedView({ code, strings, path }: { code: string; strings: ConvertStrings; path: string }) {
  return (
    <>
      <h1>{strings.failedTitle}</h1>
      <p>{messageFor(strings, code)}</p>
      <p class="lazy-on">
        <a class="lazy-button" href={path}>
          {strings.failedLink}
        </a>
      </p>
    </>
  )
}
