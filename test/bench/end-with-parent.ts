/** Ends this process when the one that started it is gone, or has closed the channel between them: nobody would end it otherwise. */
export function endWithParent(): void {
  process.on("disconnect", () => process.exit())
}
