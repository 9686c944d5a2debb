/**
 * Tells whether a value is an object that holds, at any depth, only JSON values and undefined, so
 * that `JSON.stringify` writes it like a structured clone of it. An instance of a class may have a
 * `toJSON` method, which its clone lacks.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
}

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true
    case "number":
      return Number.isFinite(value)
    default:
      return value === null || isPlainArray(value) || isPlainObject(value)
  }
}

function isPlainArray(value: unknown): boolean {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype && value.every(isPlain)
}
