import { writeDocuments } from "./document.js"

await writeDocuments()
