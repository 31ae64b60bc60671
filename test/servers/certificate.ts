import { execFileSync } from 'node:child_process'
import path from 'node:path'

export interface Certificate {
  /** Files. The certificate is its own authority. */
  certificate: string
  key: string
}

/** A self-signed certificate for a name and an address, valid for a day. */
export function makeCertificate(dir: string, name: string, address: string): Certificate {
  const certificate = path.join(dir, 'cert.pem')
  const key = path.join(dir, 'key.pem')
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:${address}`, '-keyout', key, '-out', certificate,
  ], { stdio: 'pipe' })
  return { certificate, key }
}
