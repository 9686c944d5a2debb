import type { ComponentChildren } from "preact"
import type { Drawn } from "./drawing.js"

interface Part {
  id: string
  title: string
  intro: string
  chart: Drawn | undefined
  before?: ComponentChildren
  table: ComponentChildren
}

/** Shows a chart with what it means, and its table beside it. */
export function Section({ id, title, intro, chart, before, table }: Part) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p class="quiet">{intro}</p>
      <div class="pair">
        <div>
          {before}
          {chart ? <Chart {...chart} /> : table && <p class="quiet">Nothing to show in this time.</p>}
        </div>
        <div>{table}</div>
      </div>
    </section>
  )
}

/** Shows one of the two drawings, as the width of the page allows. */
function Chart({ wide, narrow }: Drawn) {
  return (
    <>
      <div class="wide" dangerouslySetInnerHTML={{ __html: wide }} />
      <div class="narrow" dangerouslySetInnerHTML={{ __html: narrow }} />
    </>
  )
}

/** Shows rows whose first cell names them, in a box that scrolls where there is no room. */
export function Table({ caption, head, rows }: { caption: string; head: string[]; rows: string[][] }) {
  return (
    <section class="table" aria-label={caption} tabindex={0}>
      <table>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...cells]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {cells.map((cell, n) => (
                <td key={head[n + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
