/** A file that the app lacks. */
export interface PlannedFile {
  path: string
  content: string
  /**
   * What must be there before the file compiles, such as lines to add to another. `--write` leaves
   * the file out until then.
   */
  waitsFor: string[]
}

/** Lines to add to a file of the app, which `init` never changes. */
export interface Edit {
  path: string
  /** The line next to which they go; undefined where init can't tell. */
  line?: number
  /** Where in the file, in words. */
  place: string
  /** The lines as in a diff: each begins with `+`, `-` or a blank. */
  lines: string[]
}

/** What an app lacks. */
export interface Plan {
  /** The commands that install packages. */
  install: string[]
  files: PlannedFile[]
  edits: Edit[]
  /** The commands to run afterwards. */
  run: string[]
  /** Whether the file of variables gets a secret. */
  secret: boolean
  /** What init can't know, or what the app has that pages of the documentation are about. */
  notes: string[]
}
