import { redirect } from "next/navigation"
import { auth, lazy, onlyLazy, optional, real, signIn, signOut } from "../../auth"

async function act(form) {
  "use server"
  const { what, ...fields } = Object.fromEntries(form)
  if (what === "sign in") await signIn("lazy", { redirectTo: "/app/gated" })
  if (what === "convert") await signIn("convert", { ...fields, redirectTo: "/app/gated" })
  if (what === "link") await signIn("nodemailer", { ...fields, redirectTo: "/app/gated" })
  if (what === "own" || what === "one") await signIn(what, { ...fields, redirectTo: "/app/gated" })
  if (what === "sign out") await signOut({ redirectTo: "/app/form" })
  if (what === "allowLazy") redirect(`/form?told=${(await lazy.session())?.user.id}`)
  if (what === "requireReal") redirect(`/form?told=${(await real.session()).user.id}`)
  if (what === "requireLazy") redirect(`/form?told=${(await onlyLazy.session()).user.id}`)
  if (what === "optionalSession") redirect(`/form?told=${(await optional.session())?.user.id}`)
}

export default async function Page() {
  return (
    <form action={act}>
      <pre>{JSON.stringify(await auth())}</pre>
      <input name="what" />
    </form>
  )
}
