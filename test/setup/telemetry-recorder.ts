import { context, SpanStatusCode } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { afterAll, beforeAll, beforeEach, expect } from "vitest"
import { openTelemetry } from "../../src/opentelemetry.js"

/** Starts an SDK of OpenTelemetry for a test file, which keeps what is recorded in memory. */
export function recordTelemetry() {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 30 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const telemetry = openTelemetry({ tracerProvider, meterProvider })

  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
  afterAll(async () => {
    context.disable()
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
  })
  beforeEach(async () => {
    exporter.reset()
    await counted()
  })

  /** The spans since the test began, by what they tell. */
  const spans = () =>
    exporter.getFinishedSpans().map(({ name, attributes, status }) => ({
      name,
      ...(status.code === SpanStatusCode.ERROR && { error: status.message ?? "" }),
      ...attributes,
    }))

  /** What was counted since the last call: `counter {attributes}` and the number. */
  async function counted(): Promise<Record<string, number>> {
    metricExporter.reset()
    await reader.forceFlush()
    const metrics = metricExporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    return Object.fromEntries(
      metrics.flatMap(({ descriptor: { name, unit }, dataPoints }) => {
        expect(unit).toBe("{user}")
        return dataPoints.map(({ attributes, value }) => [
          [name.replace("authjs_lazy.", ""), ...Object.values(attributes)].join(" "),
          value as number,
        ])
      }),
    )
  }

  return { exporter, tracerProvider, meterProvider, telemetry, spans, counted }
}
