import type { ComponentChildren } from "preact"
import { renderToString } from "preact-render-to-string"
import { appendCookies } from "../auth/request/cookies.js"
import { DoneView } from "./done-view.js"
import { escapeHtml } from "./escape-html.js"
import { FailedView } from "./failed-view.js"
import { FormView, formTitle } from "./form-view.js"
import { type ConvertLayout, plainLayout } from "./layout.js"
import { LeavingView } from "./leaving-view.js"
import type { PageOutcome } from "./outcome.js"
import type { ConvertStrings } from "./strings.js"
import { style } from "./style.js"

/** What the answers of one page have in common. */
export interface HtmlOptions {
  strings: ConvertStrings
  layout: ConvertLayout
  doneUrl: string
  /** The path of the page. */
  path: string
}

interface Document {
  status: number
  title: string
  content: ComponentChildren
  /** Where the browser goes on by itself. */
  refresh?: string
}

/** Says an outcome as a page, or as a redirect. */
export function htmlAnswer(outcome: PageOutcome, options: HtmlOptions): Response {
  const response =
    outcome.kind === "real" && !outcome.done
      ? redirect(outcome.target)
      : outcome.kind === "accepted" && outcome.target.startsWith("/")
        ? redirect(outcome.target)
        : renderDocument(outcome, options)
  if ("cookies" in outcome) appendCookies(response.headers, outcome.cookies)
  if (response.headers.has("set-cookie")) response.headers.set("cache-control", "private, no-store")
  if (response.status === 405) response.headers.set("allow", "GET, HEAD, POST")
  return response
}

function redirect(target: string): Response {
  return new Response(null, {
    status: 303,
    headers: {
      location: target,
      "cache-control": "no-store",
      vary: "Accept, Cookie",
      "referrer-policy": "same-origin",
    },
  })
}

function renderDocument(outcome: PageOutcome, options: HtmlOptions): Response {
  const nonce = makeNonce()
  const { status, title, content, refresh } = describe(outcome, options, nonce)
  const head = (
    <>
      {refresh && <meta http-equiv="refresh" content={`0;url=${refresh}`} />}
      <style nonce={nonce} dangerouslySetInnerHTML={{ __html: style }} />
    </>
  )
  // The app's layout may be what has failed.
  const layout = status === 500 ? plainLayout : options.layout
  const html = layout({
    title: escapeHtml(title),
    content: renderToString(<div class="authjs-lazy">{content}</div>),
    head: renderToString(head),
    nonce,
    strings: options.strings,
  })
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": contentSecurityPolicy(nonce, /<script\b/i.test(html)),
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      // Not no-referrer, with which browsers send `Origin: null` along with a form.
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
      vary: "Accept, Cookie",
    },
  })
}

function describe(outcome: PageOutcome, { strings, doneUrl, path }: HtmlOptions, nonce: string): Document {
  switch (outcome.kind) {
    case "form": {
      const { problem } = outcome
      const title = formTitle(outcome, strings)
      return {
        status: problem?.status ?? 200,
        title: problem ? strings.errorTitle(title) : title,
        content: <FormView form={outcome} strings={strings} path={path} nonce={nonce} />,
      }
    }
    case "real":
      return {
        status: 200,
        title: strings.doneTitle,
        content: <DoneView user={outcome.user} strings={strings} doneUrl={doneUrl} />,
      }
    case "accepted":
      return leave(new URL(outcome.target).host, outcome.target, strings)
    case "leaving":
      return leave(outcome.site, outcome.url, strings)
    case "failed":
      return {
        status: outcome.status,
        title: strings.failedTitle,
        content: <FailedView code={outcome.code} strings={strings} path={path} />,
      }
  }
}

/**
 * A page that goes on to another site by itself, because a redirect could not: Chromium holds redirects that follow a form to `form-action`
 * (https://www.w3.org/TR/CSP3/#directive-form-action), and neither a provider's address nor those it redirects to in turn, such as a
 * company's own sign-in, are known beforehand. To go on from a page is not to send a form.
 */
function leave(site: string, url: string, strings: ConvertStrings): Document {
  return {
    status: 200,
    title: strings.leaving(site),
    content: <LeavingView site={site} url={url} strings={strings} />,
    refresh: url,
  }
}

function contentSecurityPolicy(nonce: string, hasScript: boolean): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(hasScript ? [`script-src 'nonce-${nonce}'`, "connect-src 'self'"] : []),
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

function makeNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64")
}
