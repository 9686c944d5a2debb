import { SingleBar } from "cli-progress"
import { count, showDuration } from "./format.js"

/** Shows the progress of a command. */
export interface Progress {
  update: (done: number, total: number) => void
  /** Removes the display; a second call does nothing. */
  end: () => void
}

/** Shows progress, rate and time left: as a bar on a terminal, else as a line every 5 seconds. */
export function showProgress(verb: string, stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? progressBar(verb, stream) : progressLines(verb, stream)
}

const SECONDS_BETWEEN_LINES = 5

function progressLines(verb: string, stream: NodeJS.WriteStream): Progress {
  const began = Date.now()
  let shown = began
  return {
    update(done, total) {
      if (Date.now() - shown < SECONDS_BETWEEN_LINES * 1000) return
      shown = Date.now()
      stream.write(`${verb} ${count(done)} of ${count(total)}, ${pace(done, total, began)}\n`)
    },
    end() {},
  }
}

function progressBar(verb: string, stream: NodeJS.WriteStream): Progress {
  const began = Date.now()
  const bar = new SingleBar({
    stream,
    format: `${verb} {bar} {shown}, {pace}`,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    // Without this, the bar turns off the terminal's line wrap, which stays off if killed.
    linewrap: true,
  })
  let ended = false
  return {
    update(done, total) {
      if (ended) return
      const shown = { shown: `${count(done)} of ${count(total)}`, pace: pace(done, total, began) }
      if (bar.isActive) bar.update(done, shown)
      else bar.start(total, done, shown)
    },
    end() {
      ended = true
      if (bar.isActive) bar.stop()
    },
  }
}

function pace(done: number, total: number, began: number): string {
  const rate = done / Math.max((Date.now() - began) / 1000, 0.001)
  const left = rate > 0 && done < total ? `, ${showDuration(Math.ceil((total - done) / rate))} left` : ""
  return `${count(Math.round(rate))} a second${left}`
}
