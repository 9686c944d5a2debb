import type { Reporter, TestModule } from "vitest/node"

/** Prints how long the files of each project took, added up: files run side by side. */
export default class ProjectTimes implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = new Set(modules.map(({ project }) => project.name))
    if (names.size < 2) return
    for (const name of names) {
      const files = modules.filter(({ project }) => project.name === name)
      const seconds = files.reduce((sum, file) => sum + secondsOf(file), 0)
      console.log(`${String(Math.round(seconds)).padStart(7)} s  ${name} (${files.length} files, added up)`)
    }
  }
}

function secondsOf(file: TestModule): number {
  const { collectDuration, prepareDuration, setupDuration, duration } = file.diagnostic()
  return (collectDuration + prepareDuration + setupDuration + duration) / 1000
}
