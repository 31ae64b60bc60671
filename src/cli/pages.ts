/** Lists come in pages; a command takes as many as it was asked for. */
import { Option, type Command } from 'commander'
import { Failure } from './exit.ts'
import type { Session } from './session.ts'

export interface ListOptions { limit?: number; all?: boolean }

interface Page<T> { items: T[]; next: string | null }

const pageSize = 500
const usual = 100

/** Adds `--limit` and `--all`. */
export function withPaging(command: Command): Command {
  return command
    .addOption(new Option('--limit <n>', `at most so many (default: ${usual})`).argParser(wholeNumber).conflicts('all'))
    .option('--all', 'everything')
}

/** Items until the limit; says where more are left. */
export async function take<T>(
  session: Session, options: ListOptions, fetchPage: (paging: { limit: number; after?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const wanted = options.all ? Infinity : options.limit ?? usual
  const items: T[] = []
  let after: string | undefined
  while (items.length < wanted) {
    const page = await fetchPage({ limit: Math.min(pageSize, wanted - items.length), ...(after === undefined ? {} : { after }) })
    items.push(...page.items)
    if (page.next === null) return items
    after = page.next
  }
  if (wanted > 0) session.terminal.err(session.terminal.paint('dim', `The first ${items.length}. There are more: --all, or --limit.`))
  return items
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Failure('usage', `"${text}" is not a whole number.`)
  return Number(text)
}
