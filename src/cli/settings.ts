/** Which server, and as whom: options, then environment, then what `usher login` stored. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { Failure } from './exit.ts'

export const defaultUrl = 'http://localhost:7070'

/** A token belongs to one server and is never sent to another. */
export interface Login {
  url: string
  tokens: Record<string, string>
}

export type Environment = Record<string, string | undefined>

export interface Settings {
  url: string
  token?: string
}

export function settingsFor(options: { url?: string }, env: Environment): Settings {
  const stored = readLogin(env)
  const url = trimUrl(options.url ?? env['USHER_URL'] ?? stored.url)
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new Failure('usage', `"${url}" is not the address of a server.`, { advice: 'Write it as https://usher.example.org or http://localhost:7070.' })
  }
  const token = env['USHER_TOKEN'] ?? stored.tokens[url]
  return token === undefined ? { url } : { url, token }
}

export function storeLogin(url: string, token: string | undefined, env: Environment): string {
  const login = readLogin(env)
  const { [url]: _, ...others } = login.tokens
  const file = loginFile(env)
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const text = JSON.stringify({ url, tokens: token === undefined ? others : { ...others, [url]: token } } satisfies Login, null, 2)
  writeFileSync(file, `${text}\n`, { mode: 0o600 })
  // The mode above counts for a new file only.
  chmodSync(file, 0o600)
  return file
}

export function trimUrl(url: string): string {
  return url.replace(/\/+$/, '')
}

function readLogin(env: Environment): Login {
  try {
    return JSON.parse(readFileSync(loginFile(env), 'utf8')) as Login
  } catch {
    return { url: defaultUrl, tokens: {} }
  }
}

function loginFile(env: Environment): string {
  return path.join(env['XDG_CONFIG_HOME'] || path.join(homedir(), '.config'), 'usher', 'login.json')
}
