/** Taking times. */
/** The machine has other things to do now and then: of several rounds the quickest is the least disturbed. */
export const best = (rounds: number[]): number => Math.min(...rounds)

export async function seconds(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}
