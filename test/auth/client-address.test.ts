import { expect, it } from "vitest"
import {
  checkTrustedProxy,
  keyOf,
  type TrustedProxy,
  wholeAddress,
  writtenAddress,
} from "../../src/auth/request/client-address.js"

const clientKey = (headers?: Headers, direct?: () => string, trusted?: TrustedProxy) => {
  const written = writtenAddress(headers, direct, trusted)
  return written === undefined ? undefined : keyOf(written)
}

const headers = (forwarded: string) => new Headers({ "x-forwarded-for": forwarded })
const proxy = { header: "x-forwarded-for" }

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["not an address", undefined],
  ["", undefined],
  [undefined, undefined],
])("counts %j under %j", (direct, key) => {
  expect(clientKey(undefined, direct === undefined ? undefined : () => direct, undefined)).toBe(key)
})

it.each([
  ["192.0.2.1:4711", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:DB8:1:2:0:0:5:6", "2001:db8:1:2::5:6"],
  ["[2001:db8::1]:4711", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["0.0.0.0", undefined],
  ["unknown", undefined],
])("tells an event the address %j as %j", (written, address) => {
  expect(wholeAddress(written)).toBe(address)
})

it("believes no header that the app has not named", () => {
  expect(clientKey(headers("203.0.113.9"), () => "192.0.2.1", undefined)).toBe("192.0.2.1")
  expect(clientKey(headers("203.0.113.9"), undefined, undefined)).toBeUndefined()
})

it.each([
  ["203.0.113.9", 1, "203.0.113.9"],
  ["6.6.6.6, 203.0.113.9", 1, "203.0.113.9"],
  ["6.6.6.6, 203.0.113.9, 10.0.0.1", 2, "203.0.113.9"],
  ["203.0.113.9:4711", 1, "203.0.113.9"],
  ["[2001:db8::1]:4711", 1, "2001:db8:0:0::/64"],
  ["[2001:db8::1]", 1, "2001:db8:0:0::/64"],
  ["made up", 1, undefined],
  ["203.0.113.9", 2, undefined],
])("reads %j behind %j proxies as %j", (forwarded, hops, key) => {
  expect(clientKey(headers(forwarded), () => "10.0.0.1", { ...proxy, hops })).toBe(key)
})

it("counts nobody under the proxy's own address when the header is missing", () => {
  expect(clientKey(new Headers(), () => "10.0.0.1", proxy)).toBeUndefined()
})

it.each([{ header: "" }, { header: "x-forwarded-for", hops: 0 }, { header: "x-forwarded-for", hops: 1.5 }])(
  "refuses %j at construction",
  (trusted) => {
    expect(() => checkTrustedProxy(trusted)).toThrow(/trustProxy/)
  },
)
