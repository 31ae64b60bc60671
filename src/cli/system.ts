/** `usher systems`: what is connected, whether it answers, what it holds. */
import type { Command } from 'commander'
import { openAsBlob } from 'node:fs'
import path from 'node:path'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { act, call, failureOf, reach, show, showList, type Session, type World } from './session.ts'
import { accountsTable, checkView, entitlementsTable, shapeView, systemsTable, systemView } from './system-view.ts'

type AccountFilter = 'all' | 'linked' | 'orphan' | 'protected' | 'disabled'

export function systemsCommand(program: Command, world: World): void {
  const systems = program.command('systems').description('sources and destinations')

  systems.command('list').description('systems, with their method, last read and accounts')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/systems'))
      showList(session, items, (rows) => systemsTable(session.terminal, rows), 'There is no system yet. Add one in the UI, or with: usher policy apply')
    }))

  systems.command('show').description('one system: configuration, brakes, what it can do, what is wrong').argument('<system>', 'id')
    .action(act(world, async (session, id: string) => {
      show(session, await call(session.api.GET('/api/systems/{id}', { params: { path: { id } } })), (data) => systemView(session.terminal, data))
    }))

  examples(systems.command('check').description('connect, sign in, and name each missing right').argument('<system>', 'id')
    .action(act(world, async (session, id: string) => {
      const data = await call(session.api.POST('/api/systems/{id}/check', { params: { path: { id } } }))
      show(session, data, (check) => checkView(session.terminal, check))
      if (!data.ok) throw new Failure(data.steps.some((step) => step.code === 'SYSTEM_UNREACHABLE') ? 'unreachable' : 'failed', '')
    })), ['usher systems check ad'])

  systems.command('read').description('read a system fully, without planning').argument('<system>', 'id')
    .action(act(world, async (session, id: string) => {
      await call(session.api.POST('/api/systems/{id}/read', { params: { path: { id } } }))
      show(session, await call(session.api.GET('/api/systems/{id}', { params: { path: { id } } })), (data) => systemsTable(session.terminal, [data]))
    }))

  systems.command('resume').description('let a system go on that is paused because too many changes failed').argument('<system>', 'id')
    .action(act(world, async (session, id: string) => {
      await call(session.api.POST('/api/systems/{id}/resume', { params: { path: { id } } }))
      show(session, { systemId: id, resumed: true }, () => `${id} goes on. Watch it: usher plan watch`)
    }))

  systems.command('inspect').description('columns and first rows of a source').argument('<system>', 'id')
    .action(act(world, async (session, id: string) => {
      show(session, await call(session.api.POST('/api/systems/{id}/inspect', { params: { path: { id } } })), (data) => shapeView(session.terminal, data))
    }))

  examples(withPaging(systems.command('accounts').description('accounts of a system').argument('<system>', 'id').argument('[search]', 'a part of the name'))
    .option('--filter <which>', 'all, linked, orphan, protected or disabled', 'all')
    .action(act(world, async (session, id: string, search: string | undefined, options: ListOptions & { filter: AccountFilter }) => {
      const items = await take(session, options, (paging) => call(session.api.POST('/api/systems/{id}/accounts/search', {
        params: { path: { id } }, body: { ...paging, search, filter: options.filter },
      })))
      showList(session, items, (rows) => accountsTable(session.terminal, rows), 'No account fits.')
    })), ['usher systems accounts ad --filter orphan --all'])

  withPaging(systems.command('entitlements').description('groups, roles and privileges of a system').argument('<system>', 'id').argument('[search]', 'a part of the name'))
    .action(act(world, async (session, id: string, search: string | undefined, options: ListOptions) => {
      const items = await take(session, options, (paging) => call(session.api.POST('/api/systems/{id}/entitlements/search', {
        params: { path: { id } }, body: { ...paging, search },
      })))
      showList(session, items, (rows) => entitlementsTable(session.terminal, rows), 'No entitlement fits.')
    }))

  examples(systems.command('upload').description('store a source file (.csv, .tsv, .xlsx) on the server; prints the path for the system').argument('<file>')
    .action(act(world, async (session, file: string) => show(session, await upload(session, file), (data) => data.path))), ['usher systems upload staff.xlsx'])
}

async function upload(session: Session, file: string): Promise<{ path: string; bytes: number }> {
  const form = new FormData()
  form.append('file', await opened(file), path.basename(file))
  const { url, token } = session.settings
  const response = await reach(url)(`${url}/api/uploads`, {
    method: 'POST', body: form, headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw failureOf(body, response)
  return body as { path: string; bytes: number }
}

async function opened(file: string): Promise<Blob> {
  try {
    return await openAsBlob(file)
  } catch {
    throw new Failure('usage', `There is no file ${file} that can be read.`)
  }
}
