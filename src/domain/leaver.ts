/** What a leaver's clock says, in one line for people. */

export type LeaverSystemState = 'to-do' | 'waits' | 'unmanaged' | 'gone'

export interface LeaverClock {
  startedAt: string
  goneAt: string | null
  returnedAt: string | null
  systems: { name: string; state: LeaverSystemState; code: string | null; nextAttemptAt: string | null; goneAt: string | null }[]
}

/** "Gone everywhere after 0.8 s", or "Gone from 5 of 6; Warehouse unreachable, again in 4 s". */
export function headline(clock: LeaverClock, now: string): string {
  if (clock.returnedAt !== null) return 'Back again; the clock no longer counts'
  const managed = clock.systems.filter((s) => s.state !== 'unmanaged')
  const open = managed.filter((s) => s.state !== 'gone')
  if (clock.goneAt !== null) {
    if (managed.length === 0) return clock.systems.length === 0 ? 'Had no account anywhere' : 'Not managed anywhere: nothing that Usher may take away'
    return `Gone everywhere after ${duration(Date.parse(clock.goneAt) - Date.parse(clock.startedAt))}`
  }
  if (managed.length === 0) return 'About to begin'
  const worst = open.toSorted((a, b) => weight(b) - weight(a))[0]
  const words = worst === undefined ? 'looking once more' : `${worst.name} ${stateWords(worst, now)}`
  return `Gone from ${managed.length - open.length} of ${managed.length}; ${words}`
}

/** Those who need somebody come first. */
function weight(system: LeaverClock['systems'][number]): number {
  return system.state === 'waits' ? 2 : system.code === null ? 0 : 1
}

function stateWords(system: LeaverClock['systems'][number], now: string): string {
  if (system.state === 'waits') return 'waits for an approval'
  const what = system.code === null ? 'under way' : system.code === 'SYSTEM_UNREACHABLE' ? 'unreachable' : 'refused'
  if (system.nextAttemptAt === null) return system.code === null ? what : `${what}; a person must look`
  const wait = Date.parse(system.nextAttemptAt) - Date.parse(now)
  return `${what}, again ${wait < 1000 ? 'in a moment' : `in ${duration(wait, true)}`}`
}

/** "0.8 s", "12 s", "3 min 5 s", "2 h 10 min", "3 days". `whole`: no tenths. */
export function duration(ms: number, whole = false): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10 && !whole) return `${(Math.round(seconds * 10) / 10).toFixed(1)} s`
  const s = Math.round(seconds)
  if (s < 60) return `${s} s`
  if (s < 3600) return s % 60 === 0 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 60)} min ${s % 60} s`
  if (s < 172_800) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
  return `${Math.floor(s / 86_400)} days`
}
