import type { Session } from "@auth/core/types"
import type { ConvertStrings } from "./strings.js"

/** Says that the account is ready, and whose it is. */
export function DoneView({
  user,
  strings,
  doneUrl,
}: {
  user: Session["user"] | null
  strings: ConvertStrings
  doneUrl: string
}) {
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
