import { Readable } from "node:stream"
import type { Request as ExpressRequest } from "express"
import { webHead } from "./web.js"

/** Reports a request body that was read before and can't be restored. */
export class UnreadableBody extends Error {}

/**
 * Makes a `Request` from an Express request. Serializes a body that a parser has read.
 * @param signal aborted when the client disconnects
 * @throws UnreadableBody when the body is gone
 */
export function webRequest(req: ExpressRequest, signal?: AbortSignal): Request {
  const { method, url, headers } = webHead(req)
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal })
  // The serialized body may have another length.
  headers.delete("content-length")
  const body = isRead(req) ? writtenBody(req, headers) : (Readable.toWeb(req) as ReadableStream)
  return new Request(url, { method, headers, body, signal, duplex: "half" } as RequestInit)
}

/** Tells whether the body was read. AWS Lambda and similar hosts set it before the app runs. */
export function isRead(req: ExpressRequest): boolean {
  const { body }: { body?: unknown } = req
  if (req.readableDidRead || req.destroyed) return true
  // The parsers of Express 4 set an empty object when they have read nothing.
  return body !== undefined && !(isPlain(body) && Object.keys(body).length === 0)
}

function writtenBody(req: ExpressRequest, headers: Headers): BodyInit | null {
  const { rawBody } = req as { rawBody?: unknown }
  const body: unknown = req.body ?? rawBody
  const type = headers.get("content-type")?.toLowerCase() ?? ""
  // The parser has decompressed the body.
  headers.delete("content-encoding")
  if (body === undefined) {
    if (isEmpty(req)) return null
    throw new UnreadableBody(
      "The request body was read before. Mount this handler before the middleware that reads it, or set req.body.",
    )
  }
  if (typeof body === "string" || isBytes(body)) return body
  if (isIterable(body)) return Readable.toWeb(Readable.from(body)) as ReadableStream
  // Auth.js can't read multipart forms. Send the fields that the parser found as a plain form.
  if (type.includes("multipart/form-data")) headers.set("content-type", "application/x-www-form-urlencoded")
  else if (!type.includes("application/x-www-form-urlencoded")) return written(() => JSON.stringify(body))
  return written(() => new URLSearchParams(formFields(body)).toString())
}

/**
 * Serializes a parsed body.
 * @throws UnreadableBody when the value can't be serialized, such as a circular object
 */
function written(write: () => string): string {
  try {
    return write()
  } catch (cause) {
    throw new UnreadableBody("The parsed request body can't be serialized.", { cause })
  }
}

/** Lists names and values as a form sends them: nested as `a[b]`, a list under one name. */
function formFields(value: unknown, name = ""): [string, string][] {
  if (Array.isArray(value)) return value.flatMap((each) => formFields(each, name))
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, each]) => formFields(each, name === "" ? key : `${name}[${key}]`))
  return name === "" || value === undefined || value === null ? [] : [[name, String(value)]]
}

function isEmpty(req: ExpressRequest): boolean {
  return req.headers["transfer-encoding"] === undefined && Number(req.headers["content-length"] ?? 0) === 0
}

function isPlain(body: unknown): body is object {
  return typeof body === "object" && body !== null && !isBytes(body) && !isIterable(body)
}

function isBytes(body: unknown): body is BodyInit {
  return (
    ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob || body instanceof URLSearchParams
  )
}

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body
}
