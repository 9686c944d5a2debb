/**
 * Provides the checks that `npx authjs-lazy doctor` runs.
 * @module authjs-lazy/doctor
 */

export { type DoctorOptions, type DoctorReport, doctor } from "./doctor/doctor.js"
export type { Finding, FindingCode, Severity } from "./doctor/finding.js"
