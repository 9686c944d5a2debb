import type { Metadata } from "next"
import { SessionProvider } from "next-auth/react"
import type { ReactNode } from "react"
import { auth } from "@/auth"
import { Header } from "@/components/header"
import "./globals.css"

export const metadata: Metadata = { title: "Notebook", description: "Write first, sign up later." }

export default async function Layout({ children }: { children: ReactNode }) {
  const current = await auth()
  return (
    <html lang="en">
      <body>
        {/* It never looks at a session again that it was once given: whoever is somebody else gets another one. */}
        <SessionProvider key={JSON.stringify(current?.user)} session={current}>
          <Header />
          <main>{children}</main>
        </SessionProvider>
      </body>
    </html>
  )
}
