import express from "express"

/** The app that a reader has. */
export const app = express()
