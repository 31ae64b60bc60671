/** The command line `usher`: arguments, commands, views; a client of the HTTP API. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { CommanderError, type Command } from 'commander'
import { exits, Failure } from './exit.ts'
import { buildProgram } from './program.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** Runs one command; answers what the process ends with. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  const program = buildProgram({ terminal, env: process.env, pollMs: 500 }, version)
  throwInsteadOfExit(program)
  const json = args.includes('--json')
  try {
    await program.parseAsync(args, { from: 'user' })
    return exits.fine.code
  } catch (error) {
    return report(error, terminal, json)
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) throwInsteadOfExit(child)
}

function report(error: unknown, terminal: Terminal, json: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exits.fine.code : exits.usage.code
  const failure = error instanceof Failure ? error : unexpected(error)
  const { message, advice, code, details } = failure
  if (message !== '') {
    terminal.err(json
      ? JSON.stringify({ error: { code: code ?? null, message, advice: advice ?? null, details: details ?? {} } })
      : [
          `${terminal.paint('red', 'Error:')} ${message}`,
          ...(advice ? [advice] : []),
          ...(code ? [terminal.paint('dim', code)] : []),
        ].join('\n'))
  }
  return exits[failure.exit].code
}

function unexpected(error: unknown): Failure {
  return new Failure('failed', error instanceof Error ? error.stack ?? error.message : String(error), {
    advice: 'This is a fault of the command line. Please report it with the lines above.',
  })
}

if (import.meta.main) {
  process.once('SIGINT', () => process.exit(exits.interrupted.code))
  // A reader that closes early, as `head` does, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  process.exitCode = await main(process.argv.slice(2), processTerminal())
}
