import type { LazyAdapter } from "../../src/drizzle.js"

/** Holds an adapter and the JSON of everything that its methods returned. */
export interface WatchedAdapter {
  adapter: LazyAdapter
  results: { method: string; json: string }[]
}

type Method = (...args: unknown[]) => unknown

/** Wraps every method of an adapter and of its `.lazy` to record the results. */
export function watchAdapter({ lazy, ...methods }: LazyAdapter): WatchedAdapter {
  const results: WatchedAdapter["results"] = []
  const watch = <Target extends object>(target: Target, prefix: string) =>
    Object.fromEntries(
      Object.entries(target).map(([name, method]: [string, unknown]) => {
        if (typeof method !== "function") return [name, method]
        const watched: Method = async (...args) => {
          const result = await (method as Method)(...args)
          results.push({ method: prefix + name, json: JSON.stringify(result) ?? "undefined" })
          return result
        }
        return [name, watched]
      }),
    ) as Target
  return { adapter: { ...watch(methods, ""), lazy: watch(lazy, "lazy.") }, results }
}
