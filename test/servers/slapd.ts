/** OpenLDAP's slapd with data of its own, for one test file. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeCertificate } from './certificate.ts'
import { freePort, startProcess } from './process.ts'
import type { ServerProcess } from './process.ts'

export interface Slapd {
  url: string
  /** The same server over TLS, with the certificate that speaks for it. */
  tlsUrl: string
  ca: string
  baseDn: string
  /** The administrator, to whom no limit applies. */
  bindDn: string
  password: string
  /** May read all but passwords and write nothing; a search ends at `size` entries. */
  reader: { bindDn: string, password: string, size: number }
  /** Writes that the server has carried out since its start. */
  writes(): number
  /** Runs OpenLDAP's own client tools against it as the administrator. */
  tool(command: 'ldapadd' | 'ldapmodify' | 'ldapsearch' | 'ldapdelete' | 'ldapmodrdn', args: string[], input?: string): string
  stop(): Promise<void>
  /** Ends at once and keeps the data; `start` brings it back on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Starts again with other rules of who may see what; without any, with those of the beginning. */
  restrict(lines?: string): Promise<void>
  pause(): void
  resume(): void
}

export interface SlapdOptions {
  /** Entries loaded before the start, as LDIF. */
  ldif?: string
  /** Writes reach the disk before they are answered, as in production. Tests do without. */
  durable?: boolean
  /** Lines for the database's configuration. */
  config?: string
  /** Lines that say who may see what; they go before those that let the reader read all. */
  access?: string
}

const baseDn = 'dc=example,dc=org'
const bindDn = `cn=admin,${baseDn}`
const password = 'admin-of-the-test'
const reader = { bindDn: `cn=reader,${baseDn}`, password: 'reader-of-the-test', size: 100 }

/** Starts slapd on free loopback ports: people in `ou=people`, groups in `ou=groups`. */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const dir = mkdtempSync(path.join(tmpdir(), 'usher-slapd-'))
  const { certificate, key } = makeCertificate(dir, 'localhost', '127.0.0.1')
  const config = path.join(dir, 'slapd.conf')
  mkdirSync(path.join(dir, 'data'))
  writeFileSync(config, configText(dir, certificate, key, options))
  const ldif = path.join(dir, 'base.ldif')
  writeFileSync(ldif, `${baseLdif}\n${options.ldif ?? ''}`)
  execFileSync('slapadd', ['-q', '-f', config, '-b', baseDn, '-l', ldif], { stdio: 'pipe' })

  const [port, tlsPort] = [await freePort(), await freePort()]
  const url = `ldap://127.0.0.1:${port}`
  const tlsUrl = `ldaps://127.0.0.1:${tlsPort}`
  let running: ServerProcess
  const start = async (): Promise<void> => {
    running = await startProcess('slapd', ['-f', config, '-h', `${url}/ ${tlsUrl}/`, '-d', '0'], { host: '127.0.0.1', port })
  }
  await start()
  const tool = (command: string, args: string[], input?: string): string => execFileSync(
    command, ['-x', '-H', url, '-D', bindDn, '-w', password, ...args],
    { input, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 30 },
  )
  return {
    url, tlsUrl, ca: certificate, baseDn, bindDn, password, reader, tool, start,
    writes: () => countWrites(tool('ldapsearch', ['-LLL', '-b', 'cn=Operations,cn=Monitor', 'monitorOpCompleted'])),
    stop: async () => {
      await running.stop()
      rmSync(dir, { recursive: true, force: true })
    },
    kill: () => running.kill(),
    restrict: async (lines = '') => {
      await running.stop()
      writeFileSync(config, configText(dir, certificate, key, { ...options, access: `${lines}\n${options.access ?? ''}` }))
      await start()
    },
    pause: () => running.pause(),
    resume: () => running.resume(),
  }
}

function countWrites(monitor: string): number {
  const counts = monitor.matchAll(/^dn: cn=(Add|Delete|Modify|Modrdn),.*\nmonitorOpCompleted: (\d+)/gm)
  return [...counts].reduce((sum, [, , count]) => sum + Number(count), 0)
}

function configText(dir: string, certificate: string, key: string, options: SlapdOptions): string {
  const schemas = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  return `${schemas.join('\n')}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload back_monitor
moduleload ppolicy
pidfile ${dir}/slapd.pid
TLSCertificateFile ${certificate}
TLSCertificateKeyFile ${key}

database mdb
suffix "${baseDn}"
rootdn "${bindDn}"
rootpw ${password}
directory ${dir}/data
maxsize 4294967296
${options.durable ? '' : 'dbnosync'}
index objectClass,uid,cn,entryUUID,member,uniqueMember,memberUid,employeeNumber,mail,userPassword eq
limits dn.exact="${reader.bindDn}" size=${reader.size}
${options.access ?? ''}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${reader.bindDn}" read by * none
${options.config ?? ''}

database monitor
rootdn "${bindDn}"
access to * by dn.exact="${bindDn}" read by * none
`
}

const baseLdif = `dn: ${baseDn}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,${baseDn}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${baseDn}
objectClass: organizationalUnit
ou: groups

dn: ${reader.bindDn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${reader.password}
`
