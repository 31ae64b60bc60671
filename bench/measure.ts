/** Taking times. */
/** The machine has other things to do now and then: of several rounds the quickest is the least disturbed. */
export const best = (rounds: number[]): number => Math.min(...rounds)

export async function seconds(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** Processor time of this process: for work that neither waits nor asks anybody, what others do on the machine does not count. */
export async function processorSeconds(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000_000
}

/** The value that this share of all values does not exceed. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!
}
