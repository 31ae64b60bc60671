import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface DataFolder {
  path: string
  remove(): Promise<void>
}

/** A folder for one measurement. Its database's own user may pass through, so the database lies in it and goes with it. */
export async function dataFolder(): Promise<DataFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'usher-bench-'))
  await chmod(folder, 0o711)
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
