import { continueWithOpenId } from "@/app/actions"
import { openId } from "@/auth"

interface PasswordFormProps {
  action: (form: FormData) => Promise<void>
  /** What the provider calls the address. */
  field: "email" | "username"
  button: string
  error: string | undefined
}

/** E-mail and password, or the OpenID provider where there is one. */
export function PasswordForm({ action, field, button, error }: PasswordFormProps) {
  return (
    <>
      {error && <p role="alert">{PROBLEMS[error] ?? "That did not work. Please try again."}</p>}
      <form action={action} className="fields">
        <label>
          E-mail
          <input type="email" name={field} autoComplete="username" required />
        </label>
        <label>
          Password
          <input
            type="password"
            name="password"
            autoComplete={field === "email" ? "new-password" : "current-password"}
            required
          />
        </label>
        <button type="submit">{button}</button>
      </form>
      {openId && (
        <form action={continueWithOpenId} className="fields">
          <button type="submit" className="second">
            Continue with {openId.name}
          </button>
        </form>
      )}
    </>
  )
}

const PROBLEMS: Record<string, string> = {
  email_invalid: "This is no e-mail address.",
  email_taken: "There is an account with this address already. Sign in to it: what you have written comes along.",
  password_too_long: "This password is too long.",
  password_weak: "This password is too easy to guess.",
  too_many_tries: "Too many tries. Please wait a while.",
  wrong_credentials: "The address or the password is wrong.",
}
