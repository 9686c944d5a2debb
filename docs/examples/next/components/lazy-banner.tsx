"use client"

import { useLazy } from "authjs-lazy/react"
import Link from "next/link"
import { useEffect, useRef, useState } from "react"

/** What the banner says. `{username}` stands for the name of the lazy user. */
export interface LazyBannerTexts {
  heading: string
  text: string
  link: string
  hide: string
}

const english: LazyBannerTexts = {
  heading: "Keep what you made",
  text: "You are {username}, in this browser only.",
  link: "Make an account",
  hide: "Hide",
}

interface LazyBannerProps {
  /** Path of the page with the convert form. */
  convertPage?: string
  texts?: Partial<LazyBannerTexts>
  className?: string
}

/** Offers a lazy user an account. Hiding it leaves a link, and lasts for this lazy user. */
export function LazyBanner({ convertPage, texts, className = "" }: LazyBannerProps) {
  const { isLazy, username, convertUrl } = useLazy(convertPage === undefined ? {} : { convertPage })
  const { isHidden, hide } = useHidden(username)
  const { heading, text, link, hide: hideLabel } = { ...english, ...texts }
  const remaining = useRef<HTMLAnchorElement>(null)
  if (!isLazy) return null
  if (isHidden)
    return (
      <section data-slot="lazy-banner" aria-label={heading} className={`text-sm ${className}`}>
        <Link ref={remaining} href={convertUrl} prefetch={false} className={`font-medium underline ${LINK}`}>
          {heading}
        </Link>
      </section>
    )
  const [before, after] = text.split("{username}")
  return (
    <section
      data-slot="lazy-banner"
      aria-label={heading}
      className={`flex flex-wrap items-center gap-x-6 gap-y-3 rounded-lg border border-border bg-card px-4 py-3 text-sm text-card-foreground ${className}`}
    >
      <div className="min-w-0 grow basis-60">
        <p className="font-semibold">{heading}</p>
        <p className="wrap-anywhere text-muted-foreground">
          {before}
          {after !== undefined && <b className="font-medium text-card-foreground">{username}</b>}
          {after}
        </p>
      </div>
      <div className="flex items-center gap-2">
        <Link
          href={convertUrl}
          prefetch={false}
          className={`inline-flex h-9 items-center rounded-md bg-primary px-4 font-medium text-primary-foreground hover:bg-primary/90 ${FOCUS}`}
        >
          {link}
        </Link>
        {/* Without JavaScript there is nothing to hide it with. */}
        {isHidden === false && (
          <button
            type="button"
            className={`inline-flex h-9 cursor-pointer items-center rounded-md px-3 font-medium hover:bg-accent hover:text-accent-foreground ${FOCUS}`}
            onClick={() => {
              hide()
              // The button that had the focus goes.
              setTimeout(() => remaining.current?.focus())
            }}
          >
            {hideLabel}
          </button>
        )}
      </div>
    </section>
  )
}

const FOCUS = "outline-none focus-visible:ring-[3px] focus-visible:ring-ring"
const LINK = `rounded-sm underline-offset-4 ${FOCUS}`

const KEY = "lazy-banner-hidden"

/** Remembers who hid the banner; undefined until the browser has been asked. */
function useHidden(username: string | null) {
  const [hiddenBy, setHiddenBy] = useState<string | null>()
  useEffect(() => setHiddenBy(read()), [])
  const hide = () => {
    setHiddenBy(username)
    write(username ?? "")
  }
  return { isHidden: hiddenBy === undefined ? undefined : hiddenBy !== null && hiddenBy === username, hide }
}

// A browser that allows no storage throws.
function read(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function write(username: string): void {
  try {
    localStorage.setItem(KEY, username)
  } catch {}
}
