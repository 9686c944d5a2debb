/** A text without the passwords of database URLs, which may have ended up in any place of it. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(postgres(?:ql)?:\/\/)(?!user:password@)\S*@/gi, "$1***@")
    .replaceAll(/\/\/(?!user:password@)[^\s/]*@/g, "//***@")
    .replaceAll(/(password=)[^&\s'"]+/gi, "$1***")
}

/** The passwords in a database URL, as they are written and as they are meant. */
export function passwordsIn(url: string): string[] {
  const written = [/:\/\/[^:@/?#]*:([^@]+)@/, /[?&]password=([^&#]+)/].flatMap((place) => place.exec(url)?.[1] ?? [])
  return written.flatMap((password) => [password, decoded(password)])
}

/** In a query, what is no percent-encoding stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
