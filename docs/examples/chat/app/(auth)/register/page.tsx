import Link from "next/link"
import { AuthForm } from "@/components/auth-form"
import { register } from "../actions"

export default function Register() {
  return (
    <>
      <h1>Register</h1>
      <AuthForm action={register} button="Register" />
      <p>
        Have an account? <Link href="/login">Log in</Link>
      </p>
    </>
  )
}
