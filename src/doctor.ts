export { type DoctorOptions, type DoctorReport, doctor } from "./doctor/doctor.js"
export type { Finding, FindingCode, Severity } from "./doctor/finding.js"
