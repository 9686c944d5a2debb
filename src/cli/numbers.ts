/** A number as people read one: `12,345`. */
export function count(number: number): string {
  return number.toLocaleString("en")
}

/** The same of something: `1 user`, `12,345 users`. */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`
}
