/**
 * Returns the target as a path if it stays on `origin`; null otherwise. Refuses `//evil`, `/\evil`
 * and control characters before parsing, because browsers read them as other sites.
 */
export function sameOriginPath(target: unknown, origin: string): string | null {
  if (typeof target !== "string" || target === "" || target.length > 2048) return null
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(target) || target.startsWith("//")) return null
  if (!URL.canParse(target, origin)) return null
  const url = new URL(target, origin)
  return url.origin === origin && !url.pathname.startsWith("//") ? `${url.pathname}${url.search}${url.hash}` : null
}
