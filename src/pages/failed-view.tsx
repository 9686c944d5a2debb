import { type ConvertStrings, messageFor } from "./strings.js"

/** Says that something is wrong that filling in the form differently would not help. */
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
