import type { Measurement } from "./measure.js"

/** The middle of some figures; undefined where one of them is. */
export function median<Value extends number | undefined>(values: Value[]): Value {
  const sorted = values.toSorted((one, other) => (one ?? 0) - (other ?? 0))
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  return values.includes(undefined as Value) ? (undefined as Value) : (middle as Value)
}

/** Of each figure the median over the measurements with so many connections. */
export function medianOf(measurements: Measurement[], connections: number): Measurement {
  const these = measurements.filter((measurement) => measurement.connections === connections)
  const of = <Value extends number | undefined>(figure: (measurement: Measurement) => Value) =>
    median(these.map(figure))
  return {
    connections,
    rate: of(({ rate }) => rate),
    latency: { p50: of(({ latency }) => latency.p50), p99: of(({ latency }) => latency.p99) },
    cpu: { node: of(({ cpu }) => cpu.node), postgres: of(({ cpu }) => cpu.postgres) },
    statements: of(({ statements }) => statements),
    errors: these.reduce((sum, { errors }) => sum + errors, 0),
  }
}
