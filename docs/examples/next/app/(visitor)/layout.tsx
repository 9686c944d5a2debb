import type { Metadata } from "next"
import { SessionProvider } from "next-auth/react"
import { type ReactNode, Suspense } from "react"
import { auth } from "@/auth"
import { Header } from "@/components/header"
import "@/app/globals.css"

export const metadata: Metadata = { title: "Notebook", description: "Write first, sign up later." }

/**
 * Waits for the visitor, so that pages have the session at once, without JavaScript too: with
 * `cacheComponents`, Next prerenders up to a <Suspense>.
 */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <Suspense>
      <Page>{children}</Page>
    </Suspense>
  )
}

async function Page({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider session={await auth()}>
          <Header />
          <main>{children}</main>
        </SessionProvider>
      </body>
    </html>
  )
}
