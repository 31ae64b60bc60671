/** What a command works with: the API client, where to print, and how. */
import type { Command } from 'commander'
import { createUsherClient, type UsherClient } from '../../client/index.ts'
import { exitOf, Failure } from './exit.ts'
import { settingsFor, type Environment, type Settings } from './settings.ts'
import type { Terminal } from './terminal.ts'

export interface World {
  terminal: Terminal
  env: Environment
  /** Milliseconds to wait between two looks at something that goes on. */
  pollMs: number
}

export interface Session extends World {
  api: UsherClient
  settings: Settings
  json: boolean
  /** Nobody is to be asked: `--yes`. */
  yes: boolean
}

/** What the server answers, or the error that it gave. */
type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>

interface GlobalOptions { url?: string; json?: boolean; yes?: boolean }

/** An action of commander that works with a session. Arguments come first, then the options. */
export function act<Given extends unknown[]>(world: World, work: (session: Session, ...given: Given) => Promise<void>) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    const { url, json = false, yes = false } = command.optsWithGlobals<GlobalOptions>()
    const settings = settingsFor(url === undefined ? {} : { url }, world.env)
    const api = createUsherClient(settings.url, {
      ...(settings.token === undefined ? {} : { token: settings.token }),
      fetch: reach(settings.url),
    })
    await work({ ...world, api, settings, json, yes }, ...given.slice(0, -1) as Given)
  }
}

/** `fetch`, with a message that says which server does not answer and why. */
export function reach(url: string): typeof fetch {
  return async (...request) => {
    try {
      return await fetch(...request)
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      throw new Failure('unreachable', `Usher does not answer at ${url}: ${cause || 'the connection was refused'}.`, {
        advice: 'Start it with `npm start`, or say where it is with --url or USHER_URL.',
      })
    }
  }
}

/** The answer's data; an error of the server becomes a `Failure`. */
export async function call<T>(answer: Answer<T>): Promise<T> {
  const { data, error, response } = await answer
  if (response.ok) return data as T
  throw failureOf(error, response)
}

export function failureOf(body: unknown, response: Response): Failure {
  const found = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  if (typeof found !== 'object' || found === null || !('code' in found)) {
    return new Failure('failed', `${response.url} answered ${response.status} ${response.statusText}; that is not an answer of Usher.`, {
      advice: 'Check the address, and what stands between here and there.',
    })
  }
  const { code, message, advice, details } = found as { code: string; message: string; advice: string; details: unknown }
  const how = code === 'NOT_SIGNED_IN' ? `${advice} Here: usher login, or USHER_TOKEN.` : advice
  return new Failure(exitOf(code, response.status), message, { code, advice: how, details })
}

/** Shows one thing: as one JSON object, or in words. */
export function show<T>(session: Session, data: T, view: (data: T) => string): void {
  session.terminal.out(session.json ? JSON.stringify(data) : view(data))
}

/** Shows a list: one JSON object a line, or in words. `none` is said when it is empty. */
export function showList<T>(session: Session, items: T[], view: (items: T[]) => string, none: string): void {
  if (session.json) for (const item of items) session.terminal.out(JSON.stringify(item))
  else session.terminal.out(items.length === 0 ? session.terminal.paint('dim', none) : view(items))
}

/** Says something to people; a program that reads JSON does not hear it. */
export function say(session: Session, text: string): void {
  if (!session.json) session.terminal.out(text)
}

/** Asks before something that matters. `word`: what has to be typed; without it `y`. */
export async function confirm(session: Session, question: string, word?: string): Promise<void> {
  if (session.yes) return
  if (!session.terminal.interactive) {
    throw new Failure('usage', 'Nobody is there to answer, so nothing was done.', { advice: 'Look at it first, then repeat the command with --yes.' })
  }
  const answer = (await session.terminal.ask(word === undefined ? `${question} [y/N] ` : `${question} Type ${word} to go on: `)).trim()
  if (word === undefined ? /^y(es)?$/i.test(answer) : answer === word) return
  throw new Failure('waits', 'Nothing was done.')
}
