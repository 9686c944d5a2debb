import { expectTypeOf } from "vitest"
import { IdentifierTakenError, LazyError, type LazyErrorCode, type LazyErrors, NotLazyError } from "../../src/index.js"
import { type RefusalCode, SignInRefused } from "../../src/password.js"

// Checked by `npm run types`: an error's code says which error it is.

function describe(error: LazyErrors): string {
  switch (error.code) {
    case "identifier_taken":
      expectTypeOf(error).toEqualTypeOf<IdentifierTakenError>()
      return error.identifier
    case "not_lazy":
      expectTypeOf(error).toEqualTypeOf<NotLazyError>()
      return error.message
    // @ts-expect-error: no error has this code
    case "no such code":
      return ""
    default:
      return error.code
  }
}

expectTypeOf(describe).returns.toEqualTypeOf<string>()
expectTypeOf<"identifier_taken" | "not_lazy" | "setup">().toExtend<LazyErrorCode>()
expectTypeOf<LazyErrorCode>().not.toEqualTypeOf<string>()
expectTypeOf(new NotLazyError("")).toExtend<LazyError>()
expectTypeOf(new IdentifierTakenError("email").identifier).toEqualTypeOf<"username" | "email">()
// @ts-expect-error: the base is no error by itself
new LazyError("")

expectTypeOf(new SignInRefused("username_taken").code).toEqualTypeOf<RefusalCode>()
// @ts-expect-error: not one of the documented codes
new SignInRefused("made_up")
