/** All commands. The manual page `docs/reference/cli.md` is generated from here. */
import { Command } from 'commander'
import { auditCommand } from './audit.ts'
import { casesCommand } from './case.ts'
import { evidenceCommand } from './evidence.ts'
import { driftCommand } from './drift.ts'
import { findingsCommand } from './finding.ts'
import { jobsCommand } from './job.ts'
import { leaverCommand } from './leaver.ts'
import { loginCommands } from './login.ts'
import { peopleCommand } from './person.ts'
import { orphanCommand } from './orphan.ts'
import { planCommand, runCommand } from './plan.ts'
import { policyCommand } from './policy.ts'
import { secretCommand } from './secret.ts'
import type { World } from './session.ts'
import { stuckCommand } from './stuck.ts'
import { systemsCommand } from './system.ts'
import { tokenCommand } from './token.ts'
import { userCommand } from './user.ts'

export function buildProgram(world: World, version: string): Command {
  const program = new Command('usher')
    .description('Usher: see what would change, change exactly that, see that it did, and say why.')
    .version(version)
    .option('--url <url>', 'where Usher serves (or USHER_URL; without it what `usher login` stored, else http://localhost:7070)')
    .option('--json', 'for programs: one JSON object, or one a line for lists')
    .option('-y, --yes', 'do not ask')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError()
    .addHelpText('after', `
Environment: USHER_URL, USHER_TOKEN (an API token), NO_COLOR.
Exit codes: 0 fine, 1 failed, 2 usage, 3 not allowed, 4 a plan waits for somebody, 5 policy invalid, 6 unreachable,
7 changed meanwhile, 8 carried out but for some changes, 9 the audit log does not verify, 10 not all could be read.

Examples:
  usher login --url https://usher.example.org
  usher plan new
  usher plan approve
  usher people why anna.nowak@example.org`)
  program.commandsGroup('Every day:')
  loginCommands(program, world)
  planCommand(program, world)
  runCommand(program, world)
  peopleCommand(program, world)
  leaverCommand(program, world)
  findingsCommand(program, world)
  stuckCommand(program, world)
  casesCommand(program, world)
  driftCommand(program, world)
  orphanCommand(program, world)
  program.commandsGroup('Set up:')
  systemsCommand(program, world)
  jobsCommand(program, world)
  policyCommand(program, world)
  secretCommand(program, world)
  program.commandsGroup('Evidence and users:')
  auditCommand(program, world)
  evidenceCommand(program, world)
  tokenCommand(program, world)
  userCommand(program, world)
  return program
}
