/** Returns the path and the query of the page that the browser shows. */
export function currentPath(): string {
  return `${window.location.pathname}${window.location.search}`
}

/**
 * Calls a listener whenever the router of Next has written the address, even if it stayed the same.
 * Browsers without the Navigation API tell only of the buttons for back and forward:
 * https://developer.mozilla.org/en-US/docs/Web/API/Navigation/currententrychange_event
 *
 * Next writes the address in an insertion effect, in which React allows no update: call later.
 * @returns a function that stops the calls
 */
export function onPathChange(listener: () => void): () => void {
  const [target, event]: [EventTarget, string] =
    "navigation" in window && window.navigation instanceof EventTarget
      ? [window.navigation, "currententrychange"]
      : [window, "popstate"]
  const later = () => queueMicrotask(listener)
  target.addEventListener(event, later)
  return () => target.removeEventListener(event, later)
}
