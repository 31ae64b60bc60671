import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { columns, type Row } from '../../examples/company/company.ts'
import { makeCompany, writeWorkbook } from '../../examples/company/make.ts'
import type { ReadEnd } from '../../src/connectors/connector.ts'
import { fileConnector } from '../../src/connectors/file/file-connector.ts'
import type { Attributes } from '../../src/domain/value.ts'

const base = Temporal.PlainDate.from('2026-11-21')
const { day1, day2 } = makeCompany(base)
const people1 = day1.filter((row) => row['Employee ID'] !== undefined)
const people2 = day2.filter((row) => row['Employee ID'] !== undefined)
const keyOf = (row: Row): string => `${row['Employee ID']} ${row['Position ID']}`
const before = Map.groupBy(people1, keyOf)
const after = Map.groupBy(people2, keyOf)
type DateColumn = 'Start date' | 'End date' | 'Leave from' | 'Leave until'
const dateIn = (row: Row, column: DateColumn): Temporal.PlainDate | undefined => {
  const value = row[column]
  return value instanceof Temporal.PlainDate ? value : undefined
}
const isAfter = (date: Temporal.PlainDate | undefined, other: Temporal.PlainDate): boolean =>
  date !== undefined && Temporal.PlainDate.compare(date, other) > 0
const isBefore = (date: Temporal.PlainDate | undefined, other: Temporal.PlainDate): boolean =>
  date !== undefined && Temporal.PlainDate.compare(date, other) < 0
const namesOf = (rows: Row[]): string[] => rows.map((row) => `${row['First name']} ${row['Last name']}`)

test('the first day has about 320 people in all departments and places, and a mess', () => {
  const ids = new Set(people1.map((row) => row['Employee ID']))
  assert.ok(ids.size >= 310 && ids.size <= 330, `${ids.size} people`)
  const distinct = (column: 'Department' | 'Location' | 'Contract'): unknown[] =>
    [...new Set(people1.map((row) => row[column]))].toSorted()
  assert.deepEqual(distinct('Department'),
    ['Data', 'Engineering', 'Finance', 'HR', 'IT', 'Legal', 'Marketing', 'Operations', 'Sales', 'Support'])
  assert.deepEqual(distinct('Location'), ['Berlin', 'London', 'Madrid', 'New York', 'Warsaw'])
  assert.deepEqual(distinct('Contract'), ['Contractor', 'Intern', 'Permanent'])
  const names = namesOf(people1)
  for (const name of ['Łukasz Żółć', 'Søren Ångström', 'José Núñez', 'Zoë Bauer', 'Thị Minh Nguyễn']) {
    assert.ok(names.includes(name), name)
  }
  const smiths = people1.filter((row) => row['First name'] === 'John' && row['Last name'] === 'Smith')
  assert.equal(new Set(smiths.map(keyOf)).size, 2)
  const mails = people1.map((row) => row['E-mail']).filter((mail) => mail !== undefined)
  for (const mail of mails) assert.match(String(mail), /^[a-z-]+[.][a-z-]+2?@northwind[.]example$/)

  assert.ok(people1.some((row) => row['Manager ID'] === undefined && row['Job title'] !== 'Head of Operations'))
  const strangers = people1.filter((row) => row['Manager ID'] !== undefined && !ids.has(row['Manager ID']))
  assert.equal(strangers.length, 1, 'a manager who is not in the list')
  const late = people1.find((row) => row['Job title'] === 'Head of Data')
  const reports = people1.filter((row) => row['Manager ID'] === late?.['Employee ID'])
  assert.ok(late && reports.length > 0 && reports.every((row) => isBefore(dateIn(row, 'Start date'), base)))
  assert.ok(isAfter(dateIn(late, 'Start date'), base))

  const contractors = people1.filter((row) => row.Contract === 'Contractor')
  assert.equal(contractors.filter((row) => isAfter(dateIn(row, 'End date'), base)).length, 30)
  assert.equal(people1.filter((row) => isAfter(dateIn(row, 'Start date'), base)).length, 10)
  const onLeave = people1.filter((row) =>
    isBefore(dateIn(row, 'Leave from'), base) && isAfter(dateIn(row, 'Leave until'), base))
  assert.equal(onLeave.length, 5)
})

test('dates are typed in most rows and text in a few; one is ambiguous and one is none', () => {
  const texts = people1.map((row) => row['Start date']).filter((value) => typeof value === 'string')
  const german = texts.filter((text) => /^\d\d\.\d\d\.\d{4}$/.test(text) && text !== '30.02.2025')
  const iso = texts.filter((text) => /^\d{4}-\d\d-\d\d$/.test(text))
  assert.deepEqual([german.length, iso.length], [3, 2])
  const others = texts.filter((text) => !german.includes(text) && !iso.includes(text))
  assert.deepEqual(others.toSorted(), ['11/3/2024', '30.02.2025'])
})

test('blank rows stand in the middle and at the end', () => {
  for (const day of [day1, day2]) {
    const blank = day.flatMap((row, i) => (Object.keys(row).length === 0 ? [i] : []))
    assert.equal(blank.length, 4)
    assert.ok((blank[0] ?? 0) > 100 && (blank[0] ?? 0) < day.length - 50)
    assert.deepEqual(blank.slice(1), [day.length - 3, day.length - 2, day.length - 1])
  }
})

test('one person has two positions; one number and position belong to two people until the second day', () => {
  const positions = Map.groupBy(people1, (row) => `${row['Employee ID']}`)
  const two = [...positions.values()].filter((rows) => new Set(rows.map((row) => row['Position ID'])).size === 2)
  assert.equal(two.length, 1)
  assert.equal(new Set(namesOf(two[0] ?? [])).size, 1)
  const twice = [...before.values()].filter((rows) => rows.length > 1)
  assert.equal(twice.length, 1)
  assert.equal(new Set(namesOf(twice[0] ?? [])).size, 2)
  assert.ok([...after.values()].every((rows) => rows.length === 1), 'corrected')
  const both = namesOf(people2).filter((name) => namesOf(twice[0] ?? []).includes(name))
  assert.equal(both.length, 2, 'both are still there')
})

test('between the days: joiners, movers, leavers, a rehire, a marriage, a vanished row and two corrections', () => {
  const yesterday = base.subtract({ days: 1 })
  const ids1 = new Set(people1.map((row) => row['Employee ID']))
  const ids2 = new Set(people2.map((row) => row['Employee ID']))
  const corrected = people2.find((row) => row['Last name'] === 'Zając')
  const joined = people2.filter((row) => !ids1.has(row['Employee ID']) && row !== corrected)
  assert.equal(joined.length, 6)
  assert.ok(joined.every((row) => String(row['Start date']) === String(yesterday) && ids2.has(row['Manager ID'])))

  const vanished = people1.filter((row) => !ids2.has(row['Employee ID']))
  assert.equal(vanished.length, 1)
  assert.equal(vanished[0]?.['End date'], undefined)

  const same = people2.filter((row) => before.get(keyOf(row))?.length === 1)
  const changed = (row: Row): string[] => {
    const old = before.get(keyOf(row))?.[0]
    return columns.filter((column) => String(row[column] ?? '') !== String(old?.[column] ?? ''))
  }
  const having = (column: string): Row[] => same.filter((row) => changed(row).includes(column))
  const leavers = having('End date')
  assert.equal(leavers.length, 4)
  assert.ok(leavers.every((row) => String(row['End date']) === String(yesterday) && changed(row).length === 1))
  assert.equal(new Set([...having('Department'), ...having('Location'), ...having('Job title')]).size, 5)
  assert.deepEqual([having('Department').length, having('Location').length], [2, 2])
  const married = having('Last name').map((row) => [before.get(keyOf(row))?.[0]?.['Last name'], row['Last name']])
  assert.deepEqual(married, [['Nowak', 'Kowalska']])
  const mended = having('Start date')
  assert.equal(mended.length, 1)
  assert.ok(mended[0]?.['Start date'] instanceof Temporal.PlainDate)

  const newPositions = people2.filter((row) => ids1.has(row['Employee ID']) && !before.has(keyOf(row)))
  assert.equal(newPositions.length, 1)
  const former = people1.filter((row) => row['Employee ID'] === newPositions[0]?.['Employee ID'])
  assert.equal(former.length, 1)
  assert.ok(former.every((row) => isBefore(dateIn(row, 'End date'), base.subtract({ days: 100 }))))
  assert.equal(String(newPositions[0]?.['Start date']), String(yesterday))
  assert.equal(same.filter((row) => changed(row).length > 0).length, 4 + 5 + 1 + 1, 'nothing else changed')
})

test('the same company comes out each time, on any base date', () => {
  assert.deepEqual(makeCompany(base), { day1, day2 })
  for (const date of ['2027-02-28', '2028-02-29', '2027-12-31']) {
    const today = Temporal.PlainDate.from(date)
    const other = makeCompany(today)
    assert.deepEqual(namesOf(other.day1), namesOf(day1))
    assert.equal(other.day1.filter((row) => isAfter(dateIn(row, 'Start date'), today)).length, 10)
  }
})

test('the workbooks in the repository are what the generator writes', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'usher-company-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, rows, people] of [['day-1', day1, people1], ['day-2', day2, people2]] as const) {
    const fresh = path.join(folder, `${name}.xlsx`)
    await writeWorkbook(fresh, rows)
    const written = await contentOf(fresh)
    assert.deepEqual(await contentOf(path.join(import.meta.dirname, `../../examples/company/${name}.xlsx`)), written)
    assert.equal(written.records.length, people.length)
    assert.deepEqual(written.records.map((r) => r['Start date']), people.map((row) => String(row['Start date'])))
    assert.equal(written.end.complete, true)
  }
})

async function contentOf(file: string): Promise<{ records: Attributes[]; end: ReadEnd }> {
  const reader = fileConnector.openReader({ path: file }, async () => '')
  const pages = reader.read({ objectTypes: [] }, new AbortController().signal)
  const records: Attributes[] = []
  for (;;) {
    const next = await pages.next()
    if (next.done) return { records, end: { ...next.value, digest: '' } as ReadEnd }
    assert.deepEqual(next.value.rejected, [])
    records.push(...next.value.records.map((record) => record.attributes))
  }
}
