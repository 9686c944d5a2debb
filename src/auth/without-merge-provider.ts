import { CredentialsSignin } from "@auth/core/errors"
import { isLazyRow } from "../store/user-row.js"
import { boundProvider, type LazyProviderConfig } from "./bound-provider.js"
import type { LazyRequest } from "./config.js"
import { leaveUntil } from "./merge-failure.js"

const ID = "without-merge"

/**
 * Whether a request may need {@link withoutMergeProvider}: the sign-in page after a merge failed, the form on it, or a server action, whose
 * request isn't known. On every other page it would offer what nobody needs.
 */
export function needsWithoutMerge(argument: LazyRequest | undefined): boolean {
  if (argument === undefined) return true
  const { url } = argument instanceof Request ? argument : "req" in argument ? argument.req.raw : argument.request
  return url.includes(`/${ID}`) || url.includes("merge_failed")
}

/**
 * The provider behind `signIn("without-merge")`: a lazy user whose merge failed says to be left behind. The browser stays in the lazy session
 * and goes back to the sign-in page; the next sign-in there is not merged. Auth.js checks the CSRF token of its form.
 */
export function withoutMergeProvider(): LazyProviderConfig {
  return boundProvider(
    {
      id: ID,
      name: "an account, without what you made here",
      credentials: {
        explanation: {
          label:
            "What you made here can’t be moved into your account, so nobody was signed in and nothing has changed. You can sign in without it.",
          type: "hidden",
        },
      },
    },
    {
      async authorize({ callbackUrl }, context) {
        const { config, options, adapter } = context
        const current = await context.currentSession()
        if (!current || !isLazyRow(current.user))
          throw new CredentialsSignin("Nobody is signed in who could be left behind.")
        await adapter.lazy.leaveBehind(current.user.id, leaveUntil(options.onMergeError))
        const page = config.pages?.signIn ?? `${(config.basePath ?? "/auth").replace(/\/$/, "")}/signin`
        const query =
          typeof callbackUrl === "string"
            ? `${page.includes("?") ? "&" : "?"}${new URLSearchParams({ callbackUrl })}`
            : ""
        context.plan = { kind: "keep", sessionToken: current.sessionToken, redirect: `${page}${query}` }
        return current.user
      },
    },
  )
}
