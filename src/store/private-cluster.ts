/** Where the private PostgreSQL keeps its files, and how they are made. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { UsherError } from '../domain/errors.ts'
import { canReach, initialise, unprivilegedUser, type RunAs } from './postgres-server.ts'

const settingsSchema = z.object({ user: z.string(), password: z.string(), port: z.number() })
export type PrivateSettings = z.infer<typeof settingsSchema>

/** Where root puts what the unprivileged user must get at. */
const sharedFolder = '/var/lib/usher'
const major = '18'

/** Port and password of the data folder; made at the first call, by exactly one process. */
export function readSettings(folder: string): PrivateSettings {
  const file = path.join(folder, 'postgres.json')
  if (!existsSync(file)) {
    const mine = `${file}.${process.pid}`
    writeFileSync(mine, JSON.stringify({ user: 'usher', password: randomBytes(24).toString('base64url'), port: 0 }), {
      mode: 0o600,
    })
    try {
      linkSync(mine, file)
    } catch (error) {
      if (!existsSync(file)) throw error
    } finally {
      rmSync(mine)
    }
  }
  return settingsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Remembers another port. */
export function saveSettings(folder: string, settings: PrivateSettings): void {
  const file = path.join(folder, 'postgres.json')
  writeFileSync(`${file}.new`, JSON.stringify(settings), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/**
 * Decides where cluster and binaries live. Started by root inside a closed folder such as /root, the server's user
 * could reach neither; opening the folder is not ours to do, so both go to /var/lib/usher and the data folder keeps a
 * link.
 */
export async function clusterFolder(folder: string, npmHome: string, log: { info(message: string): void }):
Promise<{ cluster: string; home: string; runAs: RunAs }> {
  const link = path.join(folder, 'postgres')
  let runAs = unprivilegedUser()
  const home = canReach(path.join(npmHome, 'bin', 'postgres'), runAs) ? npmHome : await copyBinaries(npmHome)
  const there = lstatSync(link, { throwIfNoEntry: false })
  if (there?.isSymbolicLink()) {
    const cluster = mendedLink(link)
    return { cluster, home, runAs }
  }
  if (there) {
    // A cluster keeps the owner that it has: the user chosen today may be another than then.
    if (runAs && there.uid !== 0) runAs = { uid: there.uid, gid: there.gid }
    return { cluster: realpathSync(link), home, runAs }
  }
  if (canReach(folder, runAs)) return { cluster: path.join(realpathSync(folder), 'postgres'), home, runAs }

  await mkdir(sharedFolder, { recursive: true, mode: 0o755 })
  const place = await mkdtemp(path.join(sharedFolder, 'data-'))
  chmodSync(place, 0o711)
  writeFileSync(path.join(place, 'belongs-to'), `${folder}\n`)
  await symlink(path.join(place, 'postgres'), link)
  log.info(`${folder} is closed to the user that runs PostgreSQL, so its database lives in ${place}.`)
  return { cluster: path.join(place, 'postgres'), home, runAs }
}

function mendedLink(link: string): string {
  if (existsSync(link)) return realpathSync(link)
  const target = readlinkSync(link)
  if (existsSync(path.dirname(target))) return target
  throw new UsherError(
    'DATABASE_NOT_STARTED',
    `${link} points to ${target}, which is not there. Bring it back, or remove the link to start empty.`,
  )
}

async function copyBinaries(npmHome: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(path.join(npmHome, '..', 'package.json'), 'utf8')) as { version: string }
  const home = path.join(sharedFolder, `postgresql-${version}-${process.arch}`)
  if (existsSync(home)) return home
  await mkdir(sharedFolder, { recursive: true, mode: 0o755 })
  const copy = await mkdtemp(path.join(sharedFolder, 'copy-'))
  await cp(npmHome, copy, { recursive: true, verbatimSymlinks: true })
  chmodSync(copy, 0o755)
  await rename(copy, home).catch(async (error: unknown) => {
    await rm(copy, { recursive: true })
    if (!existsSync(home)) throw error
  })
  return home
}

/**
 * Makes the cluster unless it is there. Made aside and moved into place, so a half-made one is never taken for
 * whole.
 */
export async function makeCluster(options: {
  folder: string; cluster: string; home: string; runAs: RunAs; settings: PrivateSettings
}): Promise<void> {
  const { cluster, home, runAs, settings } = options
  const versionFile = path.join(cluster, 'PG_VERSION')
  if (existsSync(versionFile)) {
    const found = readFileSync(versionFile, 'utf8').trim()
    if (found === major) return
    throw new UsherError(
      'DATABASE_NOT_STARTED',
      `${cluster} was made by PostgreSQL ${found}, and this Usher brings ${major}. `
        + 'Start the Usher that made it, `npm run backup -- FILE`, and `npm run restore -- FILE` into a new data folder.',
    )
  }
  const aside = await mkdtemp(`${cluster}-new-`)
  if (runAs) execFileSync('chown', [`${runAs.uid}:${runAs.gid}`, aside])
  try {
    await initialise(home, path.join(aside, 'cluster'), {
      user: settings.user, password: settings.password, runAs, passwordFile: path.join(aside, 'password'),
      flags: ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    })
    await rename(path.join(aside, 'cluster'), cluster).catch((error: unknown) => {
      if (!existsSync(versionFile)) throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
