import type { ComponentChildren } from "preact"
import { renderToString } from "preact-render-to-string"
import { framePolicy } from "../auth/config/embedding.js"
import { appendCookies } from "../auth/request/cookies.js"
import type { ConvertStrings } from "../messages/strings.js"
import { FormView, formTitle } from "./form-view.js"
import { type ConvertLayout, escapeHtml, plainLayout } from "./layout.js"
import { DoneView, FailedView, LeavingView } from "./notice-views.js"
import type { PageOutcome } from "./outcome.js"
import { style } from "./style.js"

/** Holds what all answers of a page share. */
export interface HtmlOptions {
  strings: ConvertStrings
  layout: ConvertLayout
  doneUrl: string
  /** The path of the page. */
  path: string
  /** The sites that may show the page in a frame. */
  embedded: readonly string[] | undefined
}

interface Document {
  status: number
  title: string
  content: ComponentChildren
  /** URL to which the browser goes without a click. */
  refresh?: string
}

/** Answers with an outcome as an HTML page or a redirect. */
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
  // The app's own layout may have caused this failure.
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
      "content-security-policy": contentSecurityPolicy(nonce, /<script\b/i.test(html), options),
      "x-content-type-options": "nosniff",
      ...(options.embedded === undefined && { "x-frame-options": "DENY" }),
      // With no-referrer, browsers would send `Origin: null` when they post the form.
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
 * Describes a page that takes the browser to another site. A redirect won't do: Chromium applies
 * `form-action` to redirects after a form (https://www.w3.org/TR/CSP3/#directive-form-action), and
 * the sites that a provider redirects to in turn are unknown.
 */
function leave(site: string, url: string, strings: ConvertStrings): Document {
  return {
    status: 200,
    title: strings.leaving(site),
    content: <LeavingView site={site} url={url} strings={strings} />,
    refresh: url,
  }
}

function contentSecurityPolicy(nonce: string, hasScript: boolean, { embedded }: HtmlOptions): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(hasScript ? [`script-src 'nonce-${nonce}'`, "connect-src 'self'"] : []),
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    embedded ? framePolicy(embedded) : "frame-ancestors 'none'",
  ].join("; ")
}

function makeNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64")
}
