import type { Metadata } from "next"
import { SessionProvider } from "next-auth/react"
import type { ReactNode } from "react"
import { UserNav } from "@/components/user-nav"
import "./globals.css"

export const metadata: Metadata = { title: "Chat", description: "A chat that repeats what you say." }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider>
          <UserNav />
          <main>{children}</main>
        </SessionProvider>
      </body>
    </html>
  )
}
