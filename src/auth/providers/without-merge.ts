import { CredentialsSignin } from "@auth/core/errors"
import { isLazyRow } from "../../store/tables/user-row.js"
import { leaveUntil } from "../linking/merge-failure.js"
import { boundProvider, type LazyProviderConfig } from "./bound-provider.js"

const ID = "without-merge"

/**
 * Tells whether a request may need {@link withoutMergeProvider}: the sign-in page after a failed
 * merge, its form, or a server action.
 * @param url undefined in a server action, for which next-auth gives no request
 */
export function needsWithoutMerge(url: string | undefined): boolean {
  if (url === undefined) return true
  return url.includes(`/${ID}`) || url.includes("merge_failed")
}

/**
 * Makes the provider behind `signIn("without-merge")`, which leaves behind a lazy user whose merge
 * failed. The browser keeps the lazy session and returns to the sign-in page, where the next
 * sign-in does not merge.
 */
export function withoutMergeProvider(): LazyProviderConfig {
  return boundProvider(
    {
      id: ID,
      name: "an account, without what you made here",
      credentials: {
        explanation: {
          label:
            "What you made here can’t be moved into your account, so you were not signed in and nothing has changed. You can sign in without it.",
          type: "hidden",
        },
      },
    },
    {
      async authorize({ callbackUrl }, context) {
        const { config, options, adapter } = context
        const current = await context.session.current()
        if (!current || !isLazyRow(current.user))
          throw new CredentialsSignin("No lazy user is signed in. Sign in without this step.")
        await adapter.lazy.leaveBehind(current.user.id, leaveUntil(options.onMergeError))
        const page = config.pages?.signIn ?? `${(config.basePath ?? "/auth").replace(/\/$/, "")}/signin`
        const query =
          typeof callbackUrl === "string"
            ? `${page.includes("?") ? "&" : "?"}${new URLSearchParams({ callbackUrl })}`
            : ""
        context.decision = { kind: "keep", current, redirect: `${page}${query}` }
        return current.user
      },
    },
  )
}
