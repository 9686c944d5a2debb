import Link from "next/link"
import { AuthForm } from "@/components/auth-form"
import { login } from "../actions"

export default function Login() {
  return (
    <>
      <h1>Log in</h1>
      <AuthForm action={login} button="Log in" />
      <p>
        No account? <Link href="/register">Register</Link>
      </p>
    </>
  )
}
