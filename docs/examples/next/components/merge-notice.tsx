"use client"

import { useSession } from "next-auth/react"
import { useEffect, useState } from "react"

/** How many rows were moved, by the name of their table. */
type Moved = Readonly<Record<string, number>>

/** The plural forms of a label, such as `{ one: "1 note", other: "{count} notes" }`. */
type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>

/** What the notice says. */
export interface MergeNoticeTexts {
  heading: string
  close: string
}

const english: MergeNoticeTexts = { heading: "What you made before is in your account now", close: "Close" }

interface MergeNoticeProps {
  /** What to call the rows of each table. Tables without a label are left out. */
  labels: Readonly<Record<string, Forms>>
  /** Language of the labels, by which a plural form is chosen. */
  lang?: string
  texts?: Partial<MergeNoticeTexts>
  className?: string
}

/** Shows what a merge moved into the account, once, after the sign-in. */
export function MergeNotice({ labels, lang = "en", texts, className = "" }: MergeNoticeProps) {
  const { moved, close } = useMerged()
  const said = { ...english, ...texts }
  const lines = Object.entries(labels).flatMap(([table, forms]) => {
    const count = moved !== null && Object.hasOwn(moved, table) ? moved[table] : undefined
    return count ? [sayCount(count, forms, lang)] : []
  })
  // Screen readers announce what is added to a live region, so the region is always there.
  return (
    <div data-slot="merge-notice" role="status" className={lines.length > 0 ? className : undefined}>
      {lines.length > 0 && (
        <div className="flex items-start gap-4 rounded-lg border border-border bg-card px-4 py-3 text-sm text-card-foreground">
          <div className="min-w-0 grow">
            <p className="font-semibold">{said.heading}</p>
            <ul className="mt-1 list-none wrap-anywhere text-muted-foreground">
              {lines.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
          <button
            type="button"
            className="inline-flex h-9 shrink-0 cursor-pointer items-center rounded-md px-3 font-medium outline-none hover:bg-accent hover:text-accent-foreground focus-visible:ring-[3px] focus-visible:ring-ring"
            onClick={close}
          >
            {said.close}
          </button>
        </div>
      )}
    </div>
  )
}

function sayCount(count: number, forms: Forms, lang: string): string {
  const form = forms[new Intl.PluralRules(lang).select(count)] ?? forms.other
  return form.replaceAll("{count}", new Intl.NumberFormat(lang).format(count))
}

/** Reads and deletes the cookie of lib/remember-merge.ts whenever the signed-in user changes. */
function useMerged() {
  const [moved, setMoved] = useState<Moved | null>(null)
  const userId = useSession().data?.user?.id
  useEffect(() => {
    // A hidden tab would take the cookie away from the tab with the sign-in.
    const look = () => {
      const taken = document.visibilityState === "visible" ? takeCookie() : null
      if (taken) setMoved(taken)
    }
    look()
    document.addEventListener("visibilitychange", look)
    return () => document.removeEventListener("visibilitychange", look)
  }, [userId])
  return { moved, close: () => setMoved(null) }
}

function takeCookie(): Moved | null {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${COOKIE}=`))
  if (found === undefined) return null
  // biome-ignore lint/suspicious/noDocumentCookie: Safari and Firefox have had no CookieStore until 2025.
  document.cookie = `${COOKIE}=; path=/; max-age=0`
  try {
    const read: unknown = JSON.parse(decodeURIComponent(found.slice(COOKIE.length + 1)))
    const counts = Object.entries(read ?? {}).filter(([, count]) => Number.isSafeInteger(count) && count > 0)
    return Object.fromEntries(counts)
  } catch {
    return null
  }
}

const COOKIE = "lazy-merged"
