/** A staff list that is read as a source, with what can go wrong when a file is transferred. */
import { z } from 'zod'
import type { ConnectorDefinition, Page, ReadEnd, SourceShape } from '../../src/connectors/connector.ts'
import { UsherError } from '../../src/domain/errors.ts'

/** One row of the staff list. Dates are ISO dates; empty where there is none. */
export interface StaffRow {
  id: string
  first: string
  last: string
  department: string
  level: string
  manager: string
  start: string
  end: string
  leaveFrom: string
  leaveUntil: string
}

/**
 * cut      It ends in the middle, and is known to.
 * away     It is not there.
 * column   A column is missing.
 * empty    It has no rows.
 * half     It shows half of the rows, and ends well; it lacks the mark that says how many there are.
 */
export type SheetFault = 'cut' | 'away' | 'column' | 'empty' | 'half'

export interface Served {
  at: number
  complete: boolean
  /** It ended with a mark that said how many rows there are. */
  proven: boolean
  /** By the rules of that time a row that it lacks ends its person. */
  ends: boolean
  rows: Map<string, StaffRow>
}

export interface Sheet {
  rows: StaffRow[]
  fault: SheetFault | null
  /** How much of a cut or halved list is there. */
  share: number
  /** Each read that was begun, with what it has given so far. */
  served: Served[]
}

export const columns = ['id', 'first', 'last', 'department', 'level', 'manager', 'start', 'end', 'leaveFrom', 'leaveUntil'] as const
const pageSize = 5

export function sheetConnector(sheet: Sheet, now: () => number, ends: () => boolean, fired: (fault: SheetFault) => void): ConnectorDefinition {
  const there = (): readonly string[] => (sheet.fault === 'column' ? columns.filter((c) => c !== 'end') : columns)
  const shape = (): SourceShape => ({
    file: 'staff.csv', headerRow: 1, sample: [], columns: there().map((name, index) => ({ name, letter: String.fromCharCode(65 + index), index })),
  })
  return {
    kind: 'sheet', title: 'Staff list', configSchema: z.strictObject({}),
    describe: () => ({
      source: true, destination: false, canEndSessions: false, canReadPassword: false, limits: { parallel: 1, settleMs: 0 },
      objectTypes: [{ name: 'row', title: 'Row', kind: 'account', attributes: [], operations: [] }],
    }),
    openReader: () => ({
      check: async () => ({ ok: true, steps: [] }),
      async inspect() {
        if (sheet.fault !== null) fired(sheet.fault)
        if (sheet.fault === 'away') throw new UsherError('SOURCE_MISSING', 'The staff list is not there.')
        return shape()
      },
      async* read(): AsyncGenerator<Page, ReadEnd> {
        const { fault } = sheet
        const served: Served = { at: now(), complete: false, proven: false, ends: ends(), rows: new Map() }
        sheet.served.push(served)
        if (fault === 'away') return { complete: false, count: 0, code: 'SOURCE_MISSING', because: 'The staff list is not there.' }
        if (fault === 'empty') return { complete: false, count: 0, code: 'SOURCE_EMPTY', because: 'The staff list has no rows.' }
        const part = fault === 'cut' || fault === 'half'
        const rows = structuredClone(part ? sheet.rows.slice(0, Math.floor(sheet.rows.length * sheet.share)) : sheet.rows)
        for (let from = 0; from < rows.length; from += pageSize) {
          const page = rows.slice(from, from + pageSize)
          for (const row of page) served.rows.set(row.id, row)
          yield {
            memberships: [], rejected: [],
            records: page.map((row, i) => ({
              objectType: 'row', id: String(from + i + 2), name: `A${from + i + 2}`, row: from + i + 2,
              attributes: Object.fromEntries(there().map((name) => [name, row[name as keyof StaffRow]]).filter(([, value]) => value !== '')),
            })),
          }
        }
        if (fault === 'cut') return { complete: false, count: rows.length, code: 'SOURCE_TRUNCATED', because: 'The staff list ends in the middle.' }
        served.complete = true
        served.proven = fault !== 'half'
        return { complete: true, count: rows.length, proven: served.proven }
      },
      close: async () => {},
    }),
  }
}
