import { continueWithOpenId } from "@/app/actions"
import { openId } from "@/auth"

/** The way by the OpenID provider, where there is one. */
export function OpenIdButton() {
  if (!openId) return null
  return (
    <form action={continueWithOpenId} className="fields">
      <button type="submit" className="second">
        Continue with {openId.name}
      </button>
    </form>
  )
}
