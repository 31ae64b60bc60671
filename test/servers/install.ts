/**
 * Real servers for tests, from Debian's packages.
 *
 * As root on Debian or Ubuntu what is missing is installed. Elsewhere the tests that need it are left out, by name and
 * with the reason; where `CI` is set leaving anything out is a failure.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import process from 'node:process'
import { test } from 'node:test'

interface ServerPackages {
  packages: string[]
  /** Files that are there when the server is installed; a pattern needs one match. */
  needs: string[]
  /** Services that the packages start by themselves and that tests neither need nor want on their ports. */
  services: string[]
}

/** What each server needs from Debian's archive. */
export const packages = {
  slapd: {
    packages: ['slapd', 'ldap-utils'],
    needs: ['/usr/sbin/slapd', '/usr/bin/ldapadd'],
    services: ['slapd'],
  },
  samba: {
    packages: [
      'samba', 'samba-ad-dc', 'samba-ad-provision', 'samba-dsdb-modules', 'winbind', 'ldb-tools', 'ldap-utils', 'krb5-user',
    ],
    needs: [
      '/usr/sbin/samba', '/usr/bin/samba-tool', '/usr/share/samba/setup', '/usr/lib/*/samba/ldb/samba_dsdb.so',
      '/usr/bin/kinit', '/usr/bin/ldbsearch',
    ],
    services: ['smbd', 'nmbd', 'winbind', 'samba-ad-dc'],
  },
  postgresql: {
    packages: ['postgresql'],
    needs: ['/usr/lib/postgresql/*/bin/initdb', '/usr/lib/postgresql/*/bin/postgres'],
    services: ['postgresql'],
  },
  chromium: {
    packages: ['chromium'],
    needs: ['/usr/bin/chromium'],
    services: [],
  },
} as const satisfies Record<string, ServerPackages>

export type ServerName = keyof typeof packages

export interface Servers {
  ready: ServerName[]
  leftOut: { name: ServerName; why: string }[]
}

/** Installs what is missing among these servers where that is possible, and says what is left out and why. */
export function ensureServers(names: ServerName[]): Servers {
  const missing = names.filter((name) => !installed(name))
  const why = missing.length > 0 ? install(missing) : undefined
  const leftOut = missing.filter((name) => !installed(name)).map((name) => ({
    name,
    why: why ?? `after installing ${packages[name].packages.join(' ')}, these are not there: ${lacking(name).join(', ')}`,
  }))
  if (leftOut.length > 0 && process.env.CI) {
    throw new Error(leftOut.map(({ name, why }) => `${name} is needed where CI is set: ${why}`).join('\n'))
  }
  return { ready: names.filter((name) => !leftOut.some((left) => left.name === name)), leftOut }
}

/** Declares the tests in `body` where these servers can run; elsewhere says loudly what was left out and why. */
export function withServers(names: ServerName[], body: () => void): void {
  const { leftOut } = ensureServers(names)
  if (leftOut.length === 0) return body()
  const why = leftOut.map((left) => `${left.name}: ${left.why}`).join('; ')
  console.error(`LEFT OUT for want of a server: ${why}`)
  test(`needs ${names.join(' and ')}`, { skip: why }, () => {})
}

function installed(name: ServerName): boolean {
  return lacking(name).length === 0
}

function lacking(name: ServerName): string[] {
  return packages[name].needs.filter((file) => (file.includes('*') ? globSync(file).length === 0 : !existsSync(file)))
}

/** Installs; answers what stood in the way. */
function install(names: ServerName[]): string | undefined {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    return 'only Debian and Ubuntu packages can be installed from here'
  }
  if (process.getuid?.() !== 0) return `not root; run: apt-get install ${wanted(names).join(' ')}`
  console.error(`Installing for tests: ${wanted(names).join(' ')}`)
  const update = apt(['update'])
  const result = apt(['install', '--yes', '--no-install-recommends', ...wanted(names)])
  for (const service of names.flatMap((name) => packages[name].services)) stop(service)
  if (result.status === 0) return undefined
  const words = (result.stderr || update.stderr).trim().split('\n').slice(-3).join(' ')
  return `apt-get could not install ${wanted(names).join(' ')}: ${words}`
}

function wanted(names: ServerName[]): string[] {
  return [...new Set(names.flatMap((name) => packages[name].packages))]
}

function apt(args: string[]): { status: number | null; stderr: string } {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Several test files may start at once; the later ones wait for the lock.
  return spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], { env, encoding: 'utf8' })
}

/** Tests start their own servers; Debian's would keep the ports. */
function stop(service: string): void {
  if (existsSync('/run/systemd/system')) spawnSync('systemctl', ['disable', '--now', service])
  else if (existsSync(`/etc/init.d/${service}`)) spawnSync(`/etc/init.d/${service}`, ['stop'])
}
