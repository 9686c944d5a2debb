/** Removes the passwords of database URLs from a text. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(postgres(?:ql)?:\/\/)(?!user:password@)\S*@/gi, "$1***@")
    .replaceAll(/\/\/(?!user:password@)[^\s/]*@/g, "//***@")
    .replaceAll(/(password=)[^&\s'"]+/gi, "$1***")
}
