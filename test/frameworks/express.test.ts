import type { Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import express from "express"
import { expect, it } from "vitest"
import { webHandler } from "../../src/express.js"
import { describeGateContract } from "../contract/gate-contract.js"
import { send } from "../contract/gate-contract-visitor.js"
import { startExpress } from "./express-app.js"

// The types of both versions are close enough for a middleware, and a project has one package of
// types.
const express4: typeof express = createRequire(import.meta.url)("express4")

describeGateContract("Express 5", (app) => startExpress(express, app))
describeGateContract("Express 4", (app) => startExpress(express4, app))

it.each([
  ["Express 5", express],
  ["Express 4", express4],
])("%s hands on a body, whether a parser has read it or left it alone, and the client's address", async (_, make) => {
  const app = make()
  app.use(make.json(), make.urlencoded({ extended: false }))
  app.use(
    webHandler(async (request, { getClientAddress }) => {
      const headers = { "client-address": getClientAddress?.() ?? "unknown" }
      return new Response(await request.text(), { headers })
    }),
  )
  const server = await new Promise<Server>((resolve) => {
    const started: Server = app.listen(0, "127.0.0.1", () => resolve(started))
  })
  try {
    const { port } = server.address() as AddressInfo
    for (const [type, body] of [
      ["text/plain", "as it is"],
      ["multipart/form-data; boundary=b", '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'],
      ["application/json", '{"a":1}'],
      ["application/x-www-form-urlencoded", "a=1&b=2"],
    ] as const)
      expect(
        await (await send({ port, method: "POST", path: "/", headers: { "content-type": type }, body })).text(),
      ).toBe(body)
    const empty = await send({ port, method: "POST", path: "/" })
    expect([await empty.text(), empty.headers.get("client-address")]).toEqual(["", "127.0.0.1"])
  } finally {
    server.close()
  }
})
