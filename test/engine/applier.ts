/** Which of several processes is at a plan. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { TestWorker } from '../servers/usher.ts'
import type { Staff } from './staff.ts'

/** The process that holds the plan's lock: by the port of its connection. */
export async function applier(staff: Staff, workers: TestWorker[], planId: string): Promise<number> {
  for (;;) {
    const { rows: [row] } = await staff.pool.query<{ port: number }>(
      `select a.client_port as port from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.classid::bigint = (hashtext('usher apply-plan')::bigint & 4294967295) and l.objid::bigint = (hashtext($1)::bigint & 4294967295)`, [planId])
    const found = row === undefined ? undefined : [staff.usher.pid(), ...workers.map((w) => w.pid)].find((pid) => socketsOf(pid).has(inodeOf(row.port)))
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function inodeOf(localPort: number): string {
  const hex = localPort.toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'utf8').split('\n').find((l) => l.trim().split(/\s+/)[1]?.endsWith(`:${hex}`))
  return line?.trim().split(/\s+/)[9] ?? ''
}

function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`
  try {
    return new Set(readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }))
  } catch {
    return new Set()
  }
}
