/** `usher jobs`: the ways from sources to destinations. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { Failure } from './exit.ts'
import { findPerson } from './find.ts'
import { examples } from './help.ts'
import { jobsTable, jobView, previewView, setAsideTable } from './job-view.ts'
import { take, wholeNumber, withPaging, type ListOptions } from './pages.ts'
import { followPlan } from './plan-follow.ts'
import { act, call, show, showList, type Session, type World } from './session.ts'

export function jobsCommand(program: Command, world: World): void {
  const jobs = program.command('jobs').description('the ways from sources to people, and from people to systems')

  jobs.command('list').description('jobs, with their schedule and last plan')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/jobs'))
      showList(session, items, (rows) => jobsTable(session.terminal, rows), 'There is no job yet. Add one in the UI, or with: usher policy apply')
    }))

  jobs.command('show').description('one job: key, scope, mapping, schedule, last read').argument('<job>', 'id')
    .action(act(world, async (session, id: string) => {
      show(session, await call(session.api.GET('/api/jobs/{id}', { params: { path: { id } } })), (data) => jobView(session.terminal, data))
    }))

  examples(jobs.command('preview').description('one person, or one row of the source, through a job with every step shown; writes nothing')
    .argument('<job>', 'id, or the path of a YAML file with a draft')
    .option('--person <person>', 'for a job to a system: employee id, e-mail address, name or id')
    .option('--row <n>', 'for a job to people: row in the file', wholeNumber)
    .action(act(world, async (session, given: string, options: { person?: string; row?: number }) => {
      const personId = options.person === undefined ? undefined : await findPerson(session, options.person)
      const data = await call(session.api.POST('/api/jobs/preview', { body: { job: jobOf(given), personId, row: options.row } }))
      show(session, data, (preview) => previewView(session.terminal, preview))
    })), ['usher jobs preview people-to-ad --person 4711', 'usher jobs preview hr-to-people --row 17', 'usher jobs preview policy/jobs/people-to-ad.yaml --person 4711'])

  jobs.command('run').description('plan a job now, and show the plan; an automatic job is carried out').argument('<job>', 'id')
    .option('--no-wait', 'do not wait until it is computed')
    .action(act(world, async (session, id: string, options: { wait: boolean }) => {
      const { planId } = await call(session.api.POST('/api/jobs/{id}/run', { params: { path: { id } } }))
      if (options.wait) await followPlan(session, planId, 'rest')
      else show(session, { planId }, () => `The plan: usher plan show ${planId}`)
    }))

  withPaging(jobs.command('set-aside').description('rows of the last read that could not be used, each with the cell and what was expected').argument('<job>', 'id'))
    .action(act(world, async (session, id: string, options: ListOptions) => {
      const items = await take(session, options, (query) => call(session.api.GET('/api/jobs/{id}/set-aside', { params: { path: { id }, query } })))
      const none = items.length === 0 ? await noneAside(session, id) : ''
      showList(session, items, (rows) => setAsideTable(session.terminal, rows), none)
    }))
}

/** Why no row is set aside: all could be used, or none was read. */
async function noneAside(session: Session, id: string): Promise<string> {
  const { lastSnapshot } = await call(session.api.GET('/api/jobs/{id}', { params: { path: { id } } }))
  if (lastSnapshot === null) return 'Nothing was read yet: usher plan new'
  if (lastSnapshot.state === 'reading') return 'It is being read now.'
  return lastSnapshot.state === 'complete' ? 'Every row could be used.' : `The last read did not come to its end: ${lastSnapshot.because}`
}

/** A job by id, or a draft from a file. */
function jobOf(given: string): string | Record<string, unknown> {
  if (!/\.ya?ml$/.test(given)) return given
  try {
    return parse(readFileSync(given, 'utf8')) as Record<string, unknown>
  } catch (error) {
    throw new Failure('usage', `${given}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
