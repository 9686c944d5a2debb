import * as echarts from "echarts"

/** A chart as it is put into the documentation. */
export interface Drawing {
  title: string
  svg: string
}

/** One line or one set of bars. */
export interface Series {
  name: string
  values: (number | undefined)[]
}

/** What all charts have in common. */
export interface Chart {
  title: string
  /** What the figures are. */
  unit: string
  categories: string[]
  series: Series[]
}

const WIDTH = 860
const animation = false
/** Readable on a light page and on a dark one. */
const backgroundColor = "#ffffff"

/** Bars that lie, one under the other, the first category on top. */
export function barChart({ title, unit, categories, series }: Chart): Drawing {
  return draw(title, 120 + categories.length * 22 * series.length, {
    legend: series.length > 1 ? { bottom: 0 } : undefined,
    grid: { left: 300, right: 80, top: 50, bottom: 70 },
    xAxis: { type: "value", name: unit, nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "category", data: categories, inverse: true },
    series: series.map(({ name, values }) => ({
      type: "bar" as const,
      name,
      data: values,
      label: { show: true, position: "right" as const },
    })),
  })
}

/** Lines over the categories. */
export function lineChart({ title, unit, categories, series, across }: Chart & { across: string }): Drawing {
  return draw(title, 380, {
    legend: { bottom: 0 },
    grid: { left: 80, right: 40, top: 60, bottom: 80 },
    xAxis: { type: "category", data: categories, name: across, nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "value", name: unit, min: 0 },
    series: series.map(({ name, values }) => ({
      type: "line" as const,
      name,
      data: values,
      showSymbol: values.length < 10,
    })),
  })
}

function draw(title: string, height: number, option: echarts.EChartsOption): Drawing {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height })
  chart.setOption({ animation, backgroundColor, title: { text: title }, ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return { title, svg }
}
