import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { page, root } from "../docs/pages.js"

const { text } = page("docs/doctor.md")
const rows = [...text.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, name, second]) => ({ name, second: second ?? "" }))
const source = (file: string) => readFileSync(join(root, "src/doctor", file), "utf8")

it("explains every code, and no other, with a severity that it can have", () => {
  const union = /^export type FindingCode =\n(.*?)\n\n/ms.exec(source("finding.ts"))?.[1] ?? ""
  const codes = [...union.matchAll(/\| "(\w+)"/g)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(25)
  const explained = rows.filter(({ second }) => /^(error|warning|info)\b/.test(second))
  expect(explained.map(({ name }) => name).toSorted()).toEqual(codes.toSorted())
})

it("has a row for every option", () => {
  const body = /^export interface DoctorOptions \{\n(.*?)^\}/ms.exec(source("doctor.ts"))?.[1] ?? ""
  const options = [...body.matchAll(/^ {2}(\w+)\?:/gm)].map(([, option]) => option)
  expect(options.length).toBeGreaterThan(4)
  const explained = rows.filter(({ second }) => !/^(error|warning|info)\b/.test(second))
  expect(explained.map(({ name }) => name)).toEqual(options)
})
