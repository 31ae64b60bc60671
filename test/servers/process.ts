/** Server processes for tests: started, waited for, and ended whatever happens to the test. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcess {
  /** Ends it in an orderly way. */
  stop(): Promise<void>
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
  /** It keeps its connections and answers nothing. */
  pause(): void
  resume(): void
}

const groups = new Set<number>()
process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL')
})
// A test run that is cancelled takes its servers along.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** Starts a server in a process group of its own and waits until it listens. */
export async function startProcess(
  command: string, args: string[], listens: { host: string, port: number }, env: NodeJS.ProcessEnv = process.env,
): Promise<ServerProcess> {
  const child = spawn(command, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} could not be started`)
  groups.add(pid)
  const words: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => words.push(chunk.toString()))
  }
  await untilListening(child, listens, () => `${command} did not start:\n${words.join('').slice(-2000)}`)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    signalGroup(pid, signal)
    await ended
    signalGroup(pid, 'SIGKILL')
    groups.delete(pid)
  }
  return {
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause(): void {
      signalGroup(pid, 'SIGSTOP')
      // A thread on another processor may still answer something at first.
      while (child.exitCode === null && child.signalCode === null && !isAtRest(pid)) { /* It takes some microseconds. */ }
    },
    resume: () => signalGroup(pid, 'SIGCONT'),
  }
}

/** Whether all threads of a process have stopped, or are gone; where the system does not tell, they are taken to have. */
function isAtRest(pid: number): boolean {
  const threads = `/proc/${pid}/task`
  if (!existsSync(threads)) return true
  return readdirSync(threads).every((thread) => readFileSync(`${threads}/${thread}/stat`, 'utf8').split(') ').at(-1)!.match(/^[TZX]/) !== null)
}

/** A port that was free a moment ago. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function untilListening(
  child: ChildProcess, { host, port }: { host: string, port: number }, words: () => string,
): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(words())
    if (await answers(host, port)) return
    await delay(50)
  }
  throw new Error(words())
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It is gone already.
  }
}
