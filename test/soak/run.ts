import { runFaults } from "./faults/schedule.js"
import { Crowd } from "./load/crowd.js"
import { ForgottenUsers } from "./load/forgotten-users.js"
import { Ledger } from "./load/ledger.js"
import { Probe } from "./load/probe.js"
import { RoundRobin } from "./load/round-robin.js"
import { VitalsWatch } from "./load/vitals.js"
import { checkInvariants } from "./report/invariants.js"
import { writeReport } from "./report/report.js"
import { HELP, readSettings, type Settings } from "./settings.js"
import { startWorld } from "./world.js"

const settings = readSettings()
if (settings) process.exitCode = (await soak(settings)) ? 0 : 1
else console.log(HELP)
// Nothing that a server left open may keep this process alive.
process.exit()

/** Runs the servers, the load and the faults, and tells whether every promise was kept. */
async function soak(settings: Settings): Promise<boolean> {
  const world = await startWorld(settings)
  const stopOnSignal = () => void world.stop().then(() => process.exit(130))
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stopOnSignal)
  try {
    const ledger = new Ledger()
    const apps = new RoundRobin(world.apps)
    const probe = new Probe(ledger, apps)
    await probe.start()
    const [crowd, forgotten, vitals] = [new Crowd(ledger, apps), new ForgottenUsers(world), new VitalsWatch(world)]
    crowd.start(settings.visitors, settings.seed)
    forgotten.start()
    vitals.start()
    const { faults, leftOut } = await runFaults(world, settings)
    await probe.recover(faults.at(-1)?.over ?? 0)
    await Promise.all([crowd, probe, forgotten, vitals].map((each) => each.stop()))
    const evidence = { world, ledger, probe, forgotten, vitals, faults, driver: settings.driver }
    const checked = await checkInvariants(evidence)
    writeReport(evidence, checked, settings, leftOut)
    // CI runs as root, which may mount a disk: there, nothing has to be left out.
    if (process.env.CI && leftOut.length > 0) return false
    return checked.every(({ broken, isTimed }) => broken.length === 0 || (isTimed && !settings.judgesTime))
  } finally {
    await world.stop()
  }
}
