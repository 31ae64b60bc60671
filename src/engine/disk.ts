/** A full disk stops Usher's database, and with it everything, leavers too. So it is said while there is still room. */
import { statfs } from 'node:fs/promises'
import type { Finding } from '../domain/plan.ts'
import { recordOwnFindings } from '../store/finding.ts'
import type { Context } from './context.ts'

/** Bytes: more than the database writes down between two looks, and enough for somebody to act on it. */
const spareBytes = 2 ** 30

/** Looks how much room is left where the folder of the database is. */
export async function lookAtDisk(context: Context, folder: string, spare = spareBytes): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const finding: Finding = {
    code: 'DISK_NEARLY_FULL', severity: 'error', key: 'disk',
    message: `The disk of Usher's own data has ${Math.floor(free / 2 ** 20)} MB left. When it is full, Usher does nothing more, not even for leavers.`,
    details: { freeBytes: free },
  }
  await recordOwnFindings(context.pool, finding.code, free < spare ? [finding] : [], context.now())
}
