/** Kills the real process at random moments of an apply, and compares the directory with the staff list each time it is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded, until, type Staff } from './staff.ts'

export interface KillOptions {
  times: number
  seed: number
  /** Told after each kill: how many so far, of which round, after how many changes. */
  onKill?(kill: number, round: number, done: number): void
}

/** As many rounds as it takes: each gives everybody another title, and is killed until it is over. The first creates everybody. */
export async function killWhileApplying(staff: Staff, { times, seed, onKill }: KillOptions): Promise<void> {
  const random = seeded(seed)
  for (let [kills, round] = [0, 1]; kills < times; round++) {
    const title = `Clerk ${round}`
    await staff.write(title)
    const planId = await staff.startPlan()
    while (kills < times) {
      // Anywhere between its first moment of life and some hundred changes later.
      const target = await staff.count(planId, 'done') + Math.floor(random() * staff.people / 4)
      await until(async () => await staff.count(planId, 'done') >= target || await staff.isOver(planId), { progress: () => staff.count(planId, 'done') })
      await sleep(random() * 50)
      if (await staff.isOver(planId)) break
      await staff.usher.kill()
      kills++
      onKill?.(kills, round, await staff.count(planId, 'done'))
      await staff.usher.start()
    }
    await staff.over(planId)
    await staff.assertDone(planId)
    await staff.compare(title)
  }
}
