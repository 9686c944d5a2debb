import Link from "next/link"
import { redirect } from "next/navigation"
import { strings } from "@/app/strings"
import { auth, ways } from "@/auth"
import { ConvertForm } from "@/components/convert-form"

type Query = Promise<{ code?: string; from?: string; redirectTo?: string; callbackUrl?: string }>

export default async function Account({ searchParams }: { searchParams: Query }) {
  const current = await auth()
  if (current && !current.user.isLazy) redirect("/profile")
  const { code, from, callbackUrl, redirectTo = callbackUrl } = await searchParams
  return (
    <>
      <ConvertForm identifier="email" ways={ways} strings={strings} code={code} from={from} redirectTo={redirectTo} />
      <p className="quiet mt-6 text-center">
        Have an account already?{" "}
        <Link href="/signin" className="text-primary underline">
          Sign in
        </Link>
      </p>
    </>
  )
}
