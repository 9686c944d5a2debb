import type { Metadata } from "next"
import { SessionProvider } from "next-auth/react"
import type { ReactNode } from "react"
import { Header } from "@/components/header"
import "@/app/globals.css"

export const metadata: Metadata = { title: "Notebook", description: "Write first, sign up later." }

/** Reads no session, so that Next prerenders the pages: the browser asks for it, and the header follows. */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider>
          <Header />
          <main>{children}</main>
        </SessionProvider>
      </body>
    </html>
  )
}
