/** An Active Directory domain controller (Samba) with data of its own, for one test file. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { makeCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { startProcess } from './process.ts'
import type { ServerProcess } from './process.ts'

export interface Samba {
  /** LDAP over TLS. */
  url: string
  /** LDAP in the clear. */
  plainUrl: string
  /** The file with the certificate that speaks for the server. */
  ca: string
  baseDn: string
  bindDn: string
  password: string
  realm: string
  /** Rises with each write to the directory. */
  writes(): number
  /** Whether Kerberos gives a ticket for this account and password, and its words if not. */
  kinit(account: string, password: string): true | string
  tool(command: 'ldapsearch' | 'ldapadd' | 'ldapmodify', args: string[], input?: string): string
  stop(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
}

const realm = 'CORP.EXAMPLE'
const baseDn = 'DC=corp,DC=example'
const bindDn = `CN=Administrator,CN=Users,${baseDn}`
const password = 'Passw0rd-of-the-test'

/** Starts a domain controller on a loopback address of its own, as the ports of a directory are fixed. */
export async function startSamba(): Promise<Samba> {
  const dir = mkdtempSync(path.join(tmpdir(), 'usher-samba-'))
  cpSync(template(), dir, { recursive: true })
  const address = `127.${part()}.${part()}.${part()}`
  const tls = makeCertificate(dir, 'dc1.corp.example', address)
  for (const folder of ['run', 'ncalrpc', 'log', 'cache']) mkdirSync(path.join(dir, folder), { recursive: true })
  const config = path.join(dir, 'own.conf')
  writeFileSync(config, configText(dir, address, tls))
  const krb5 = path.join(dir, 'krb5.conf')
  writeFileSync(krb5, kerberosText(address))

  const url = `ldaps://${address}`
  let running: ServerProcess
  const start = async (): Promise<void> => {
    const args = ['-F', '--no-process-group', `--configfile=${config}`]
    running = await startProcess('samba', args, { host: address, port: 636 })
  }
  await start()
  const tool = (command: string, args: string[], input?: string): string => execFileSync(
    command, ['-x', '-H', url, '-D', bindDn, '-w', password, ...args],
    { input, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, LDAPTLS_CACERT: tls.certificate } },
  )
  return {
    url, plainUrl: `ldap://${address}`, ca: tls.certificate, baseDn, bindDn, password, realm, tool, start,
    writes: () => Number(/highestCommittedUSN: (\d+)/.exec(tool('ldapsearch', ['-LLL', '-s', 'base', '-b', '', 'highestCommittedUSN']))?.[1]),
    kinit: (account, secret) => kinit(`${account}@${realm}`, secret, krb5, path.join(dir, 'ticket')),
    stop: async () => {
      await running.stop()
      rmSync(dir, { recursive: true, force: true })
    },
    kill: () => running.kill(),
    pause: () => running.pause(),
    resume: () => running.resume(),
  }
}

/** A domain provisioned once for each machine and copied for each test: provisioning takes seconds, a copy does not. */
function template(): string {
  const made = path.join(tmpdir(), 'usher-samba-template-1')
  if (existsSync(made)) return made
  const dir = mkdtempSync(path.join(tmpdir(), 'usher-samba-new-'))
  execFileSync('samba-tool', [
    'domain', 'provision', '--server-role=dc', '--use-rfc2307', '--dns-backend=NONE', `--realm=${realm}`, '--domain=CORP',
    `--adminpass=${password}`, `--targetdir=${dir}`, '--host-name=dc1', '--host-ip=127.0.0.1',
    '--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb', '--option=interfaces=lo', '--option=bind interfaces only=yes',
  ], { stdio: 'pipe' })
  try {
    renameSync(dir, made)
  } catch {
    // Another test file was quicker.
    rmSync(dir, { recursive: true, force: true })
  }
  return made
}

function part(): number {
  return 2 + Math.floor(Math.random() * 250)
}

function kinit(principal: string, secret: string, krb5: string, cache: string): true | string {
  try {
    execFileSync('kinit', ['-c', cache, principal], {
      input: `${secret}\n`, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, KRB5_CONFIG: krb5, LC_ALL: 'C' },
    })
    return true
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
  }
}

function configText(dir: string, address: string, tls: Certificate): string {
  return `[global]
  netbios name = DC1
  realm = ${realm}
  workgroup = CORP
  server role = active directory domain controller
  server services = ldap, kdc
  interfaces = ${address}/8
  bind interfaces only = Yes
  private dir = ${dir}/private
  state directory = ${dir}/state
  lock directory = ${dir}
  cache directory = ${dir}/cache
  pid directory = ${dir}/run
  ncalrpc dir = ${dir}/ncalrpc
  binddns dir = ${dir}/bind-dns
  log file = ${dir}/log/log
  idmap_ldb:use rfc2307 = yes
  ldb:nosync = true
  vfs objects = dfs_samba4 acl_xattr xattr_tdb
  old password allowed period = 0
  ldap server require strong auth = no
  tls enabled = yes
  tls certfile = ${tls.certificate}
  tls keyfile = ${tls.key}
  tls cafile = ${tls.certificate}
`
}

function kerberosText(address: string): string {
  return `[libdefaults]
  default_realm = ${realm}
  dns_lookup_realm = false
  dns_lookup_kdc = false
[realms]
  ${realm} = {
    kdc = ${address}
  }
`
}
