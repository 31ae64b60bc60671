/** Builds the web UI into `web/dist`. `npm run build:web` always builds; starting Usher builds only what is out of date. */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const web = path.join(root, 'web')

/** Folder that holds the built web UI. */
export const webFolder = path.join(web, 'dist')

/** Builds the web UI when it is missing or older than what it is made of, and says so. Throws when the build fails. */
export function ensureWebBuilt(say: (line: string) => void): void {
  const built = statSync(path.join(webFolder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs
  const sources = ['src', 'public', 'index.html', 'package.json', 'vite.config.ts'].map((name) => path.join(web, name))
  if (built !== undefined && newest([...sources, path.join(root, 'client')]) <= built) return
  say('Building the web UI, which takes a moment …')
  buildWeb()
}

/** Builds the web UI. */
export function buildWeb(): void {
  const vite = path.join(path.dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')
  const run = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: web, encoding: 'utf8' })
  if (run.status === 0) return
  throw new Error(`The web UI could not be built:\n${run.stdout}${run.stderr}`, { cause: run.error })
}

/** The latest change among these files and all that is in these folders. */
function newest(paths: string[]): number {
  const times = paths.map((at) => {
    const stat = statSync(at, { throwIfNoEntry: false })
    if (stat === undefined) return 0
    return stat.isDirectory()
      ? Math.max(stat.mtimeMs, newest(readdirSync(at).map((name) => path.join(at, name))))
      : stat.mtimeMs
  })
  return Math.max(0, ...times)
}

if (import.meta.main) buildWeb()
