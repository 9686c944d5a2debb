/** Ends this process when its parent has ended or closed the channel. Nothing else would end it. */
export function endWithParent(): void {
  process.on("disconnect", () => process.exit())
}
