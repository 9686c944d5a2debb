import type { AuthConfig } from "@auth/core"
import type { JWT } from "@auth/core/jwt"
import type { Session, User } from "@auth/core/types"
import type { Locals } from "express"
import { expectTypeOf } from "vitest"
import { type GateSession, isLazy } from "../../src/index.js"
import "../../src/express.js"

// `npm run types` checks the types of sessions, users and tokens that an app gets without a cast.

declare const session: GateSession
declare const authSession: Session

expectTypeOf(session.user.id).toEqualTypeOf<string>()
expectTypeOf(session.user.isLazy).toEqualTypeOf<boolean>()
expectTypeOf(session.user.username).toEqualTypeOf<string | null>()
expectTypeOf(session.user.email).toEqualTypeOf<string | null | undefined>()
// The app declares what the sessions of Auth.js itself hold.
expectTypeOf(session).toExtend<Session>()
expectTypeOf<Session["user"]>().toEqualTypeOf<User | undefined>()
expectTypeOf(authSession.user?.isLazy).toEqualTypeOf<boolean | undefined>()
expectTypeOf<User["isLazy"]>().toEqualTypeOf<boolean | undefined>()
expectTypeOf<User["username"]>().toEqualTypeOf<string | null | undefined>()
type Callbacks = NonNullable<AuthConfig["callbacks"]>
type SignedIn = Parameters<NonNullable<Callbacks["signIn"]>>[0]["user"]
expectTypeOf<SignedIn["isLazy"]>().toEqualTypeOf<boolean | undefined>()
expectTypeOf<Parameters<NonNullable<Callbacks["jwt"]>>[0]["user"]["isLazy"]>().toEqualTypeOf<boolean | undefined>()
expectTypeOf<User["lazySince"]>().toEqualTypeOf<Date | null | undefined>()
expectTypeOf<JWT["isLazy"]>().toEqualTypeOf<boolean | undefined>()

// @ts-expect-error: no password of any kind rides along on the user
session.user.password

expectTypeOf<Locals["session"]>().toEqualTypeOf<GateSession | null | undefined>()

isLazy(session)
isLazy(authSession)
isLazy(null)
isLazy(session.user)
isLazy({ lazySince: new Date(), convertedAt: null })
// @ts-expect-error: the id of a user does not tell
isLazy("an id")
