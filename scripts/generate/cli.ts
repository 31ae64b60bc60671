import type { Command } from 'commander'
import { buildProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Generator } from '../generate.ts'

/** `docs/reference/cli.md`: the help of every command. */
export const cliPage: Generator = {
  name: 'command line',
  files: () => ({ 'docs/reference/cli.md': page() }),
}

const nowhere: Terminal = {
  out() {}, err() {}, redraw() {}, interactive: false, paint: (_style, text) => text, ask: async () => '', input: async () => '',
}

function page(): string {
  const program = buildProgram({ terminal: nowhere, env: {}, pollMs: 0 }, '')
  return [
    '# The command line `usher`',
    '',
    'Generated from `src/cli/` by `npm run generate`.',
    '',
    'In a clone: `npm run usher -- plan new`, or put `bin/` into your `PATH` (as `usher`: `ln -s "$PWD/bin/usher.js" ~/.local/bin/usher`).',
    'It is a client of the HTTP API, so it runs wherever it reaches the server.',
    '',
    '`--json` prints one JSON object, or one a line for lists; errors then are one JSON object on standard error. Tables and colours are',
    'for a terminal only. What scripts can rely on: the [exit codes](exit-codes.md), the [error codes](errors.md), and the names in the',
    'JSON, which are those of the [API](api.md).',
    '',
    block(helpOf(program)),
    ...program.commands.flatMap((command) => sections(command, program.name())),
    '',
  ].join('\n')
}

function sections(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`
  if (command.commands.length === 0) return ['', `## ${name}`, '', block(helpOf(command))]
  return ['', `## ${name}`, '', `${sentence(command.description())}`,
    ...command.commands.flatMap((child) => ['', `### ${name} ${child.name()}`, '', block(helpOf(child))])]
}

function helpOf(command: Command): string {
  let text = ''
  command.configureHelp({ showGlobalOptions: false, helpWidth: 110, sortSubcommands: false })
  command.configureOutput({ writeOut: (part) => { text += part } })
  command.outputHelp()
  return text.trim()
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
