import { expect, it } from "vitest"
import { TooManyWaiting, Turns } from "../../src/password/turns.js"

/** Work that goes on until it is told to end. */
function held() {
  let end: () => void = () => {}
  const done = new Promise<void>((resolve) => {
    end = resolve
  })
  return { end, work: () => done }
}

it("lets so many work at once, and the others in the order in which they came", async () => {
  const turns = new Turns(2)
  const [first, second] = [held(), held()]
  const order: number[] = []
  const all = [turns.take(first.work), turns.take(second.work)]
  for (const n of [1, 2, 3]) all.push(turns.take(() => void order.push(n)))
  expect(order).toEqual([])
  first.end()
  await all[4]
  expect(order).toEqual([1, 2, 3])
  second.end()
  await Promise.all(all)
})

it("refuses one more than may wait, and takes the next when there is room again", async () => {
  const turns = new Turns(1)
  const first = held()
  const working = turns.take(first.work)
  const waiting = turns.take(() => "waited", { maxWaiting: 1 })
  await expect(turns.take(() => "late", { maxWaiting: 1 })).rejects.toBeInstanceOf(TooManyWaiting)
  first.end()
  await working
  expect(await waiting).toBe("waited")
  expect(await turns.take(() => "again", { maxWaiting: 1 })).toBe("again")
})

it("drops those who hang up while they wait, and works for nobody who has hung up before", async () => {
  const turns = new Turns(1)
  const first = held()
  const working = turns.take(first.work)
  const client = new AbortController()
  let worked = 0
  const waiting = turns.take(() => void worked++, { signal: client.signal, maxWaiting: 1 })
  client.abort()
  await expect(waiting).rejects.toBeInstanceOf(TooManyWaiting)
  const next = turns.take(() => "next", { maxWaiting: 1 })
  await expect(turns.take(() => void worked++, { signal: client.signal })).rejects.toBeInstanceOf(TooManyWaiting)
  first.end()
  await working
  expect(await next).toBe("next")
  expect(worked).toBe(0)
})

it("gives the turn on when work fails", async () => {
  const turns = new Turns(1)
  const failing = turns.take(() => Promise.reject(new Error("failed")))
  const next = turns.take(() => "next")
  await expect(failing).rejects.toThrow("failed")
  expect(await next).toBe("next")
})
