import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { readDuration } from "../../src/cli/options.js"
import { printable, showDuration } from "../../src/cli/report/format.js"
import { showProgress } from "../../src/cli/report/progress.js"

describe("progress that goes elsewhere than to a terminal", () => {
  it("is a line every five seconds, with count, rate and time left", async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const stream = new PassThrough()
    const progress = showProgress("Purging", stream as PassThrough & NodeJS.WriteStream)
    for (let seconds = 1; seconds <= 12; seconds++) {
      vi.advanceTimersByTime(1000)
      progress.update(seconds * 500, 20_000)
    }
    progress.end()
    expect(await text(stream.end())).toBe(
      "Purging 2,500 of 20,000, 500 a second, 35 seconds left\nPurging 5,000 of 20,000, 500 a second, 30 seconds left\n",
    )
  })

  it("is nothing when it is done before that", async () => {
    const stream = new PassThrough()
    const progress = showProgress("Purging", stream as PassThrough & NodeJS.WriteStream)
    progress.update(500, 1000)
    progress.update(1000, 1000)
    progress.end()
    expect(await text(stream.end())).toBe("")
  })
})

describe("durations", () => {
  it.each([
    ["30d", 2_592_000],
    ["12h", 43_200],
    ["45m", 2700],
    ["90s", 90],
    ["2w", 1_209_600],
    ["1.5h", 5400],
    [3600, 3600],
    ["0", 0],
  ])("%s is read as %d seconds", (given, seconds) => {
    expect(readDuration("--older-than", given)).toBe(seconds)
  })

  it.each([["soon"], ["30 d"], ["-1d"], ["1y"], ["1e3"], [true], [["1d", "2d"]], [""], ["d"]])(
    "%s is none",
    (given) => {
      expect(() => readDuration("--older-than", given)).toThrow("--older-than takes a duration")
    },
  )

  it.each([
    [1, "1 second"],
    [0.26, "0.3 seconds"],
    [59, "59 seconds"],
    [90, "1.5 minutes"],
    [3600, "1 hour"],
    [100_000, "1.2 days"],
    [4_000_000, "46 days"],
  ])("%d seconds are shown as %s", (seconds, shown) => {
    expect(showDuration(seconds)).toBe(shown)
  })
})

it("text from a database can't do anything to a terminal", () => {
  expect(printable("one\u001b[31m\r\ntwo\u202ethree\u2028four\u0000 ")).toBe("one [31m two three four")
})
