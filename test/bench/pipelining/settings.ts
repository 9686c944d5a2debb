/** The settings of `max_pipeline` that are compared; the default of the driver is 100. */
export const PIPELINE_SETTINGS = ["default", "1"] as const

/** See {@link PIPELINE_SETTINGS}. */
export type PipelineSetting = (typeof PIPELINE_SETTINGS)[number]

/** How many statements are asked for at a time. */
export const CALLERS = 16
