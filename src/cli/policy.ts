/** `usher policy`: the policy as YAML files, for git. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { baseOf, readFolder, removeStrays, writeBase, writeFolder } from './policy-folder.ts'
import { act, call, confirm, say, show, showList, type Session, type World } from './session.ts'
import { clean, type Terminal } from './terminal.ts'
import { plural, words } from './words.ts'

type Problem = Schema<'PolicyProblem'>
type Difference = Schema<'PolicyDifference'>

interface PolicyOptions { base?: string; prune?: boolean; message?: string }

const symbols = { added: '+', changed: '~', removed: '−' } as const
const styles = { added: 'green', changed: 'yellow', removed: 'red' } as const

export function policyCommand(program: Command, world: World): void {
  const policy = program.command('policy').description('systems, jobs, roles and rules as YAML files')

  examples(policy.command('export').description('write the policy in force as files, with JSON Schemas for editors').argument('<dir>')
    .option('--prune', 'remove the files of objects that are no longer there')
    .action(act(world, async (session, folder: string, options: { prune?: boolean }) => {
      const [{ revision, files }, schemas] = await Promise.all([call(session.api.GET('/api/policy/files')), call(session.api.GET('/api/policy/schemas'))])
      writeFolder(folder, revision, files, schemas)
      const strays = removeStrays(folder, files, options.prune === true)
      show(session, { folder, revision, files: Object.keys(files), strays, pruned: options.prune === true }, () => [
        `Revision ${revision} is in ${folder}: ${plural(Object.keys(files).length, 'file')}.`,
        ...strays.map((file) => (options.prune ? `Removed ${file}.` : `${file} is not in the policy. Apply it, or remove it with --prune.`)),
      ].join('\n'))
    })), ['usher policy export policy'])

  examples(policy.command('check').description('problems of the files, with line and column').argument('<dir>')
    .action(act(world, async (session, folder: string) => {
      const { problems } = await call(session.api.POST('/api/policy/check', { body: { files: readFolder(folder) } }))
      showList(session, problems, (list) => problemsView(session.terminal, folder, list), 'The files are fine.')
      endWithProblems(problems)
    })), ['usher policy check policy'])

  examples(withBase(policy.command('plan').description('what applying the files would change in the policy').argument('<dir>'))
    .action(act(world, async (session, folder: string, options: PolicyOptions) => {
      const data = await planOf(session, folder, options)
      show(session, data, () => planView(session.terminal, folder, data))
      endWithProblems(data.problems)
      if (data.conflicts.length > 0) throw new Failure('changed', '')
    })), ['usher policy plan policy', 'usher policy plan policy --json | jq .differences'])

  examples(withBase(policy.command('apply').description('make the files the next revision; accounts change by plans only').argument('<dir>'))
    .option('--message <text>', 'why; it stays with the revision')
    .action(act(world, async (session, folder: string, options: PolicyOptions) => {
      const plan = await planOf(session, folder, options)
      endWithProblems(plan.problems, problemsView(session.terminal, folder, plan.problems))
      if (plan.conflicts.length > 0) throw new Failure('changed', planView(session.terminal, folder, plan), { code: 'POLICY_MOVED' })
      if (plan.differences.length === 0) {
        writeBase(folder, plan.current)
        return show(session, { revision: plan.current, differences: [] }, () => `Nothing to change; revision ${plan.current} says the same.`)
      }
      say(session, planView(session.terminal, folder, plan))
      await confirm(session, `Make this revision ${plan.current + 1}?`)
      const data = await call(session.api.POST('/api/policy/apply', {
        body: { files: readFolder(folder), base: baseFor(folder, options), prune: options.prune === true, message: options.message ?? '' },
      }))
      writeBase(folder, data.revision)
      show(session, data, () => `Revision ${data.revision} is in force. What it means for accounts: usher plan new`)
    })), ['usher policy apply policy --message "Sales gets the CRM"', 'usher policy apply policy --prune --yes'])

  policy.command('show').description('the policy in force, as JSON')
    .action(act(world, async (session) => {
      show(session, await call(session.api.GET('/api/policy')), (data) => JSON.stringify(data.policy, null, 2))
    }))

  policy.command('revisions').description('all revisions, newest first')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/policy/revisions'))
      showList(session, items, (rows) => revisionsView(session.terminal, rows), 'There is no revision yet.')
    }))

  policy.command('functions').description('functions of the expression language')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/functions'))
      showList(session, items, (rows) => rows.map((f) =>
        `${session.terminal.paint('bold', f.signature)}\n    ${f.description}\n    ${session.terminal.paint('dim', `${f.example} → ${words(f.result)}`)}`).join('\n'), '')
    }))
}

function withBase(command: Command): Command {
  return command
    .option('--prune', 'a missing file removes the object')
    .option('--base <revision>', 'the revision that the files started from; without it, what the last export or apply noted in the folder')
}

function baseFor(folder: string, options: PolicyOptions): number {
  if (options.base === undefined) return baseOf(folder)
  if (!/^\d+$/.test(options.base)) throw new Failure('usage', `"${options.base}" is not a revision.`)
  return Number(options.base)
}

async function planOf(session: Session, folder: string, options: PolicyOptions) {
  const body = { files: readFolder(folder), base: baseFor(folder, options), prune: options.prune === true }
  return await call(session.api.POST('/api/policy/plan', { body }))
}

function endWithProblems(problems: Problem[], text = ''): void {
  if (problems.some((problem) => problem.severity !== 'warning')) throw new Failure('invalid', text, text ? { code: 'POLICY_INVALID' } : {})
}

/** `policy/jobs/hr.yaml:12:5: unknown system "hrr"`, as editors and compilers write it. */
export function problemsView(terminal: Terminal, folder: string, problems: Problem[]): string {
  return problems.map((problem) => {
    const place = problem.file === undefined ? (problem.path ?? []).join('.') : [`${folder.replace(/\/$/, '')}/${problem.file}`, problem.line, problem.column].filter((part) => part !== undefined).join(':')
    const style = problem.severity === 'warning' ? 'yellow' : 'red'
    return `${terminal.paint('bold', place)}: ${terminal.paint(style, problem.severity ?? 'error')}: ${clean(problem.message)}`
  }).join('\n')
}

interface PolicyPlan { current: number; problems: Problem[]; differences: Difference[]; conflicts: Schema<'PolicyConflict'>[] }

function planView(terminal: Terminal, folder: string, plan: PolicyPlan): string {
  const lines: string[] = plan.problems.length > 0 ? [problemsView(terminal, folder, plan.problems)] : []
  for (const conflict of plan.conflicts) lines.push(`${terminal.paint('red', '!')} ${conflict.kind}/${conflict.id}: ${clean(conflict.message)}`)
  if (plan.conflicts.length > 0) lines.push('    Somebody changed these meanwhile. Export again into another folder, or merge by hand.')
  for (const difference of plan.differences) {
    lines.push(terminal.paint(styles[difference.change], `${symbols[difference.change]} ${difference.kind}/${difference.id}`))
    if (difference.change === 'changed') lines.push(...difference.fields.map((field) => `    ${field.field}: ${words(field.before)} → ${words(field.after)}`))
  }
  if (plan.differences.length === 0 && plan.problems.length === 0) lines.push(`Nothing to change; revision ${plan.current} says the same.`)
  return lines.join('\n')
}

function revisionsView(terminal: Terminal, rows: { revision: number; madeAt: string; madeBy: { name: string }; message: string }[]): string {
  return rows.map((row) => `${terminal.paint('bold', String(row.revision).padStart(4))}  ${row.madeAt.slice(0, 16).replace('T', ' ')}Z  ${clean(row.madeBy.name)}  ${clean(row.message)}`).join('\n')
}
