import type { AdapterUser } from "@auth/core/adapters"
import { LazySetupError } from "../errors.js"
import type { InternalAdapter } from "./lazy-adapter.js"
import type { StoreInternals } from "./lazy-store.js"
import type { AcceptUser, UserRow } from "./tables/user-row.js"

/**
 * Makes an adapter in which sign-ins and sessions find only the users that `isActive` accepts.
 * Others keep their names and addresses. An error of `isActive` fails the request, which changes
 * nothing. Calls `isActive` outside of transactions, since it may query the database.
 */
export function onlyActive(adapter: InternalAdapter, isActive: AcceptUser | undefined): InternalAdapter {
  if (!isActive) return adapter
  const { lazy } = adapter
  const accepts = async (user: UserRow) => verdict(await isActive(user))
  const ifActive = async (user: AdapterUser | null) => (user && (await accepts(user as UserRow)) ? user : null)
  const firstActive = async (users: UserRow[]) => {
    for (const user of users) if (await accepts(user)) return user as AdapterUser
    return null
  }

  const store: StoreInternals = {
    ...lazy,
    hasInactiveUsers: true,
    ensureUser: (user) => lazy.ensureUser({ ...user, accepts: both(accepts, user.accepts) }),
    // Ask last, so that a wrong password takes as long as for a name that nobody has.
    checkPassword: (identifier, verify, more) => lazy.checkPassword(identifier, verify, both(accepts, more)),
    async isOfInactiveUser(proven) {
      if (await lazy.isOfInactiveUser(proven)) return true
      if ("email" in proven) {
        const users = await lazy.signIn.usersByEmail(proven.email)
        return users.length > 0 && (await firstActive(users)) === null
      }
      const user = await ("id" in proven ? adapter.getUser(proven.id) : adapter.getUserByAccount(proven))
      return user !== null && !(await accepts(user as UserRow))
    },
  }
  return {
    ...adapter,
    getUser: async (id) => ifActive(await adapter.getUser(id)),
    async getSessionAndUser(token) {
      const found = await adapter.getSessionAndUser(token)
      return found && (await ifActive(found.user)) && found
    },
    getUserByEmail: async (email) => firstActive(await lazy.signIn.usersByEmail(email)),
    getUserByAccount: async (account) => ifActive(await adapter.getUserByAccount(account)),
    lazy: store,
  }
}

/** Combines two conditions: the adapter and the configuration of an app can each have one. */
const both =
  (accepts: AcceptUser, more: AcceptUser = () => true): AcceptUser =>
  async (user) =>
    (await accepts(user)) && more(user)

/** Reads an answer of `isActive`. No answer must neither refuse nor admit every user. */
function verdict(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer
  throw new LazySetupError(
    `isActive must return true or false, not ${answer === null ? "null" : `a value of type ${typeof answer}`}: ` +
      "isActive: (user) => user.bannedAt === null",
  )
}
