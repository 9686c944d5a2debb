/** What a reader compares old passwords with. Here, a hash is the password with a mark in front. */
export async function compareBcrypt(password: string, hash: string): Promise<boolean> {
  return hash === `$2b$${password}`
}
