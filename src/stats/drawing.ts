import type { PlotOptions, plot as plotChart } from "@observablehq/plot"
import { LazySetupError } from "../errors.js"

type Plot = typeof import("@observablehq/plot")

/** A chart as SVG, for a wide and for a narrow page. */
export interface Drawn {
  wide: string
  narrow: string
}

/** The room for a chart. */
export interface Room {
  width: number
  narrow: boolean
}

/** Draws charts as SVG. */
export interface Drawing {
  plot: Plot
  /**
   * Draws a chart twice, since text in a drawing that is made smaller can't be read.
   * @param label names the chart for a screen reader
   * @param describe returns the options of the chart for a width
   */
  draw: (label: string, describe: (room: Room) => PlotOptions) => Drawn
}

const WIDE = 640
const NARROW = 320

/**
 * Loads Observable Plot, and a document to draw in. Plot draws in `currentColor` and in the colours
 * it is given, so that the page's style sheet decides on light and dark.
 * @throws LazySetupError when one of the packages is not installed
 */
export async function loadDrawing(): Promise<Drawing> {
  const { Plot, parseHTML } = await loadPackages()
  const { document } = parseHTML("<!doctype html><html><body></body></html>")
  const svg = (label: string, width: number, options: PlotOptions) =>
    svgOf(Plot.plot({ ...options, width, document: document as unknown as Document }), label)
  return {
    plot: Plot,
    draw: (label, describe) => ({
      wide: svg(label, WIDE, describe({ width: WIDE, narrow: false })),
      narrow: svg(label, NARROW, describe({ width: NARROW, narrow: true })),
    }),
  }
}

async function loadPackages() {
  try {
    const [Plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom/worker")])
    return { Plot, parseHTML }
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error
    throw new LazySetupError(
      "The statistics page draws its charts with packages that are not installed. Run: npm install @observablehq/plot linkedom",
      { cause: error },
    )
  }
}

/**
 * Returns the drawing as text, without what a Content-Security-Policy forbids: Plot's style sheet,
 * whose rules the page has, and `style` attributes.
 */
function svgOf(drawn: ReturnType<typeof plotChart>, label: string): string {
  for (const sheet of drawn.querySelectorAll("style")) sheet.remove()
  for (const styled of [drawn, ...drawn.querySelectorAll("[style]")]) styled.removeAttribute("style")
  // The parts of an image have no roles of their own to be labelled.
  for (const part of drawn.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label")
  drawn.setAttribute("role", "img")
  drawn.setAttribute("aria-label", label)
  drawn.setAttribute("font-size", "12")
  return drawn.outerHTML
}
