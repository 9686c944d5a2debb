import { type Charts, colourOf } from "./charts.js"
import { type DetailedReport, funnelOf, reasonsOf, sumOf, timesOf, waysOf } from "./figures.js"
import { amount, duration, percent, wayName } from "./format.js"
import { Section, Table } from "./section.js"

interface SectionProps {
  report: DetailedReport
  charts: Charts
}

/** Shows the numbers that sum up the report. */
export function Totals({ report }: { report: DetailedReport }) {
  const { lazyUsers, conversionRate, timeToConvert, sampled, details } = report
  const made = sumOf(details.cohorts, "created")
  const cameBack = sumOf(details.cohorts, "cameBack")
  const gone = sumOf(details.cohorts, "purged") + sumOf(details.cohorts, "deleted")
  const margin = (users: number | undefined) => (users === undefined ? undefined : `± ${amount(users)}`)
  return (
    <dl>
      <Total name="Lazy users now" value={amount(lazyUsers)} note={margin(sampled?.lazyUsers)} />
      <Total name="Made" value={amount(made)} note={margin(sampled?.created)} />
      <Total
        name="Came back"
        value={percent(cameBack, made)}
        note={`${gone > 0 ? "at least " : ""}${amount(cameBack)} users`}
      />
      <Total
        name="Became real"
        value={conversionRate === null ? "–" : percent(conversionRate, 1)}
        note={
          sampled?.conversionRate
            ? `from ${percent(sampled.conversionRate[0], 1)} to ${percent(sampled.conversionRate[1], 1)}`
            : "of those made"
        }
      />
      <Total
        name="Time to convert"
        value={timeToConvert ? duration(timeToConvert.median) : "–"}
        note={timeToConvert ? `nine in ten: ${duration(timeToConvert.p90)}` : undefined}
      />
    </dl>
  )
}

function Total({ name, value, note }: { name: string; value: string; note: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note && <small>{note}</small>}
      </dd>
    </div>
  )
}

/** Shows what became of the users who were made. */
export function Funnel({ report, charts }: SectionProps) {
  const gone = sumOf(report.details.cohorts, "purged") + sumOf(report.details.cohorts, "deleted")
  const rows = funnelOf(report).map(({ name, users, share }) => [name, amount(users), share])
  return (
    <Section
      id="funnel"
      title="What became of them"
      intro={`Of the lazy users made in this time. A user came back who was there a day or more after being made${gone > 0 ? `; not recorded for the ${amount(gone)} who were purged or deleted` : ""}.`}
      chart={charts.funnel}
      table={<Table caption="What became of lazy users" head={["Step", "Users", "Of those made"]} rows={rows} />}
    />
  )
}

/** Shows how users became real, week by week. */
export function WaysByWeek({ report, charts }: SectionProps) {
  const { names } = waysOf(report)
  const all = [...new Set(report.details.weeks.flatMap(({ ways }) => Object.keys(ways)))]
  const ordered = all.toSorted((a, b) => (report.ways[b] ?? 0) - (report.ways[a] ?? 0))
  const rows = report.details.weeks.map(({ week, ways, merged }) => [
    week,
    ...ordered.map((way) => amount(ways[way] ?? 0)),
    amount(merged),
  ])
  return (
    <Section
      id="ways"
      title="How they became real"
      intro="Users who became real in each week, which begins on Monday (UTC), by the way that they chose. Merged: signed in to an account that they had."
      chart={charts.ways}
      before={
        charts.ways && (
          <ul class="legend">
            {names.map((name, n) => (
              <li key={name}>
                <svg aria-hidden="true" viewBox="0 0 12 12">
                  <rect width="12" height="12" rx="2" fill={colourOf(n, names.length)} />
                </svg>
                {name}
              </li>
            ))}
          </ul>
        )
      }
      table={
        <Table
          caption="How users became real, by week"
          head={["Week of", ...ordered.map(wayName), "Merged"]}
          rows={rows.toReversed()}
        />
      }
    />
  )
}

/** Shows how long users had been lazy when they converted. */
export function Times({ report, charts }: SectionProps) {
  const times = timesOf(report)
  const all = times.reduce((sum, { users }) => sum + users, 0)
  return (
    <Section
      id="times"
      title="How long it took"
      intro="How long users who converted in this time had been lazy. Each bar begins where the one above ends."
      chart={charts.times}
      table={
        <Table
          caption="How long users had been lazy"
          head={["Time", "Users", "Share"]}
          rows={times.map(({ name, users }) => [name, amount(users), percent(users, all)])}
        />
      }
    />
  )
}

/** Shows how many of each week's users were there later. */
export function Retention({ report, charts }: SectionProps) {
  const { cohorts } = report.details
  const weeks = Math.max(0, ...cohorts.map(({ retained }) => retained.length))
  const rows = cohorts.map(({ week, created, retained, purged, deleted }) => [
    week,
    amount(created),
    amount(purged + deleted),
    ...Array.from({ length: weeks }, (_, n) => {
      const users = retained[n]
      return users === undefined ? "" : percent(Math.min(users, created), created)
    }),
  ])
  return (
    <Section
      id="retention"
      title="Who is there later"
      intro="Of the users made in each week, those who were seen so many weeks later or more, or are real by now. When users who were purged or deleted (Gone) were last seen is not recorded: weeks with many of them show the least there were."
      chart={charts.retention}
      table={
        <Table
          caption="Who is there later, by the week in which they were made"
          head={["Week of", "Made", "Gone", ...Array.from({ length: weeks }, (_, n) => `${n + 1} w`)]}
          rows={rows.toReversed()}
        />
      }
    />
  )
}

/** Shows who is held back from the purge, and why. */
export function HeldBackSection({ report, charts }: SectionProps) {
  const { heldBack } = report.details
  const reasons = reasonsOf(report)
  if ("unknown" in heldBack || !reasons)
    return (
      <Section
        id="held-back"
        title="Who is held back from the purge"
        intro={`Not known: ${"unknown" in heldBack ? heldBack.unknown : ""}`}
        chart={undefined}
        table={null}
      />
    )
  const { before, lookedUp, due, tables, more } = heldBack
  const byTable = Object.entries(tables).toSorted(([, a], [, b]) => b - a)
  const estimate =
    lookedUp < due
      ? ` Rows that refer to users were looked up for ${amount(lookedUp)} of those that are old enough, and the rest is estimated.`
      : ""
  return (
    <Section
      id="held-back"
      title="Who is held back from the purge"
      intro={`Lazy users who are there now. A purge deletes those not seen since ${before.toISOString().slice(0, 16).replace("T", " ")} UTC.${estimate}${more ? " There are more who are old enough than were looked at." : ""}`}
      chart={charts.heldBack}
      table={
        <>
          <Table
            caption="Why lazy users are not purged"
            head={["Reason", "Users"]}
            rows={reasons.map(({ name, users }) => [name, amount(users)])}
          />
          {byTable.length > 0 && (
            <Table
              caption="Tables that hold users back"
              head={["Rows of", "Hold back"]}
              rows={byTable.map(([table, users]) => [table, `${amount(users)} of ${amount(lookedUp)}`])}
            />
          )}
        </>
      }
    />
  )
}
