import type { Metadata } from "next"
import { SessionProvider } from "next-auth/react"
import { type ReactNode, Suspense } from "react"
import { auth } from "@/auth"
import { Header } from "@/components/header"
import "./globals.css"

export const metadata: Metadata = { title: "Notebook", description: "Write first, sign up later." }

/** With `cacheComponents`, Next prerenders up to a <Suspense>. Here, each page waits for its visitor. */
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
