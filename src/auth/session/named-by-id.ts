import type { JWT } from "@auth/core/jwt"
import { isLazyRow, type UserRow } from "../../store/tables/user-row.js"

/** A token that names its user by `id` and not by `sub`. */
type NamedById = JWT & { id: string }

/** Tells whether a token from before this library names its user by `id` alone. */
export function isNamedById(token: JWT | null): token is NamedById {
  return token !== null && !token.sub && token.isLazy === undefined && typeof token.id === "string"
}

/**
 * Adds `sub` to a token that names a lazy user by `id`. Opens no other row, since `id` may be that
 * of something else in an app.
 */
export async function withSubject(token: NamedById, findUser: (id: string) => Promise<UserRow | null>): Promise<JWT> {
  const user = await findUser(token.id)
  return user && isLazyRow(user) ? { ...token, sub: user.id } : token
}
