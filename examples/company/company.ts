/**
 * Northwind Trading: a company that does not exist, with the mess that real ones have. The same people come out each
 * time; only their dates move with the base date, which is "today".
 */
import { type Department, departments, type Place, places, preferred } from './names.ts'

export const columns = [
  'Employee ID', 'Position ID', 'First name', 'Last name', 'Preferred name', 'E-mail', 'Job title', 'Department',
  'Location', 'Country', 'Contract', 'Manager ID', 'Start date', 'End date', 'Leave from', 'Leave until', 'Cost centre',
] as const

export type Column = (typeof columns)[number]
/** A cell that is not there is empty; a row without cells is blank. */
export type Row = Partial<Record<Column, string | number | Temporal.PlainDate>>

const seed = 20_261_121
const peopleCount = 318

/** The staff list on the base date, and on the day after with what changed. */
export function makeCompany(baseDate: Temporal.PlainDate): { day1: Row[]; day2: Row[] } {
  const staff = makeStaff(baseDate)
  return { day1: withBlanks(dayOne(staff, baseDate)), day2: withBlanks(dayTwo(staff, baseDate)) }
}

/** People in order of their number: heads first, then leads, then everybody else. All long there, all in order. */
function makeStaff(base: Temporal.PlainDate): Row[] {
  const random = randomNumbers(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const taken = new Set<string>()
  const staff: Row[] = []
  for (let n = 0; n < peopleCount; n++) {
    const rank = n < departments.length ? 'head' : n < departments.length * 3 ? 'lead' : 'staff'
    const department = rank === 'staff' ? pick(departments) : departments[n % departments.length]
    if (department === undefined) continue
    const place = placeFor(random() * 100)
    const name = freeName(place, pick, taken)
    const title = rank === 'head' ? department.head : pick(department.titles)
    staff.push({
      'Employee ID': employeeId(n),
      'Position ID': positionId(n),
      'First name': name.first,
      'Last name': name.last,
      'Preferred name': preferred[name.first],
      'E-mail': mailOf(name.first, name.last),
      'Job title': rank === 'lead' ? `Lead ${title}` : title,
      ...inDepartment(department, n, rank),
      ...at(place),
      Contract: 'Permanent',
      'Start date': base.subtract({ days: (rank === 'staff' ? 30 : 400) + Math.floor(random() * 3000) }),
    })
  }
  return staff
}

/** What stands out on the first day. Numbers of people are their places in the list. */
function dayOne(staff: Row[], base: Temporal.PlainDate): Row[] {
  const rows = staff.map((row) => ({ ...row }))
  const change = (n: number, cells: Row): Row => Object.assign(rows[n] ?? {}, cells)
  const named = (n: number, first: string, last: string, mail = mailOf(first, last)): Row =>
    change(n, { 'First name': first, 'Last name': last, 'Preferred name': undefined, 'E-mail': mail })

  named(40, 'Łukasz', 'Żółć')
  named(41, 'Søren', 'Ångström')
  named(42, 'José', 'Núñez')
  named(43, 'Zoë', 'Bauer')
  named(44, 'Thị Minh', 'Nguyễn')
  named(45, 'John', 'Smith')
  named(46, 'John', 'Smith', 'john.smith2@northwind.example')
  named(cast.married, 'Anna', 'Nowak')

  // The head of Data has been hired, but those who report to them are there already.
  change(cast.lateManager, { 'Start date': base.add({ days: 20 }), 'E-mail': undefined })
  for (const n of [50, 51, 52, 53, 54]) change(n, { 'Manager ID': undefined })
  change(55, { 'Manager ID': 'NW0999' })

  for (let n = 60; n < 90; n++) {
    change(n, { Contract: 'Contractor', 'End date': base.add({ days: 15 + (n - 60) * 12 }) })
  }
  for (let n = 90; n < 98; n++) {
    change(n, { Contract: 'Intern', 'Job title': 'Intern', 'End date': base.add({ days: 40 + n }) })
  }
  for (let n = 100; n < 109; n++) change(n, { 'Start date': base.add({ days: (n - 99) * 9 }), 'E-mail': undefined })
  for (let n = 110; n < 115; n++) {
    change(n, { 'Leave from': base.subtract({ days: n - 90 }), 'Leave until': base.add({ days: (n - 105) * 15 }) })
  }
  change(115, { 'Leave from': base.add({ days: 30 }), 'Leave until': base.add({ days: 210 }) })

  // Dates that somebody typed, as they are used to.
  for (const n of [120, 121, 122]) change(n, { 'Start date': germanDate(startOf(rows[n], base)) })
  for (const n of [123, 124]) change(n, { 'Start date': startOf(rows[n], base).toString() })
  change(cast.ambiguousDate, { 'Start date': ambiguousDate(base) })
  change(cast.invalidDate, { 'Start date': `30.02.${base.year - 1}` })

  for (const n of [150, 151, cast.rehired]) change(n, { 'End date': base.subtract({ days: 200 + n }) })
  change(cast.rehired, { 'Start date': base.subtract({ days: 1500 }) })

  const second: Row = {
    ...rows[cast.twoPositions], 'Position ID': 'P-9001', 'Job title': 'Works Council Member', Department: 'HR',
    'Cost centre': 4400, 'Start date': base.subtract({ days: 25 }),
  }
  rows.splice(cast.twoPositions + 1, 0, second)
  // Two people under one number: somebody copied a row and forgot to change it.
  const copied = rows.find((row) => row['Employee ID'] === employeeId(cast.duplicated))
  const name: Row = { 'First name': 'Bartek', 'Last name': 'Zając', 'E-mail': mailOf('Bartek', 'Zając') }
  const other: Row = { ...copied, ...name }
  rows.splice(rows.indexOf(copied ?? {}) + 4, 0, other)
  return rows
}

/** The same list a day later. */
function dayTwo(staff: Row[], base: Temporal.PlainDate): Row[] {
  const rows = dayOne(staff, base)
  const yesterday = base.subtract({ days: 1 })
  const change = (n: number, cells: Row): void => {
    for (const row of rows) if (row['Employee ID'] === employeeId(n)) Object.assign(row, cells)
  }
  const moveTo = (n: number, name: string): void => {
    const department = departments.find((d) => d.name === name)
    if (department === undefined) return
    change(n, { ...inDepartment(department, n, 'staff'), 'Job title': department.titles[0] })
  }

  moveTo(170, staff[170]?.Department === 'Finance' ? 'Legal' : 'Finance')
  moveTo(172, staff[172]?.Department === 'IT' ? 'Data' : 'IT')
  for (const n of [174, 176]) {
    const here = staff[n]?.Location
    const there = places.find((place) => place.location === (here === 'Madrid' ? 'Berlin' : 'Madrid'))
    if (there !== undefined) change(n, at(there))
  }
  change(178, { 'Job title': 'Team Lead' })
  for (const n of cast.leavers) change(n, { 'End date': yesterday })
  change(cast.married, { 'Last name': 'Kowalska' })
  change(cast.invalidDate, { 'Start date': Temporal.PlainDate.from({ year: base.year - 1, month: 2, day: 28 }) })

  const other = rows.find((row) => row['Last name'] === 'Zając')
  Object.assign(other ?? {}, { 'Employee ID': 'NW2000', 'Position ID': 'P-2000' })

  const before = rows.find((row) => row['Employee ID'] === employeeId(cast.rehired))
  rows.push({ ...before, 'Position ID': 'P-9002', 'Start date': yesterday, 'End date': undefined })
  rows.push(...joiners(staff, yesterday))
  return rows.filter((row) => row['Employee ID'] !== employeeId(cast.vanished))
}

/** Who plays which part, by place in the list. */
const cast = {
  lateManager: departments.findIndex((department) => department.name === 'Data'),
  married: 47,
  ambiguousDate: 126,
  invalidDate: 128,
  twoPositions: 140,
  duplicated: 145,
  rehired: 152,
  vanished: 160,
  leavers: [180, 182, 184, 186],
}

function joiners(staff: Row[], start: Temporal.PlainDate): Row[] {
  const names = [
    ['Hélène', 'Dubois'], ['Tomáš', 'Dvořák'], ['Aoife', 'Ní Bhriain'],
    ['Mehmet', 'Öztürk'], ['Ólafur', 'Þórsson'], ['Maja', 'Čović'],
  ]
  return names.map(([first = '', last = ''], i): Row => {
    const department = departments[i]
    const place = places[i % places.length]
    const colleague = staff[departments.length + i]
    return {
      ...colleague, ...(place === undefined ? {} : at(place)), 'Employee ID': employeeId(peopleCount + i),
      'Position ID': positionId(peopleCount + i), 'First name': first, 'Last name': last, 'Preferred name': undefined,
      'E-mail': undefined, 'Job title': department?.titles[1], 'Manager ID': colleague?.['Employee ID'],
      'Start date': start,
    }
  })
}

/** A list is kept by people: a blank row in the middle, some at the end. */
function withBlanks(rows: Row[]): Row[] {
  const middle = Math.floor(peopleCount / 2) + 40
  return [...rows.slice(0, middle), {}, ...rows.slice(middle), {}, {}, {}]
}

function employeeId(n: number): string {
  return `NW${1001 + n}`
}

function positionId(n: number): string {
  return `P-${1001 + n}`
}

/** Department, manager, cost centre. Staff report to one of two leads, leads to the head, heads to Operations' head. */
function inDepartment(department: Department, n: number, rank: 'head' | 'lead' | 'staff'): Row {
  const index = departments.indexOf(department)
  const operations = departments.findIndex((d) => d.name === 'Operations')
  const lead = index + departments.length * (1 + (n % 2))
  const manager = rank === 'staff' ? lead : rank === 'lead' ? index : index === operations ? undefined : operations
  return {
    Department: department.name,
    'Manager ID': manager === undefined ? undefined : employeeId(manager),
    'Cost centre': department.costCentre,
  }
}

function at(place: Place): Row {
  return { Location: place.location, Country: place.country }
}

function placeFor(percent: number): Place {
  let upTo = 0
  return places.find((place) => percent < (upTo += place.share)) ?? (places[0] as Place)
}

/** A name that nobody has yet, so that the two John Smiths are the only namesakes. */
function freeName(
  place: Place, pick: <T>(list: readonly T[]) => T, taken: Set<string>,
): { first: string; last: string } {
  for (;;) {
    const name = { first: pick(place.first), last: pick(place.last) }
    const full = `${name.first} ${name.last}`
    if (taken.has(full)) continue
    taken.add(full)
    return name
  }
}

const unaccented: Record<string, string> = { ł: 'l', ø: 'o', ß: 'ss', ı: 'i', đ: 'd', þ: 'th', ð: 'd' }

function mailOf(first: string, last: string): string {
  const plainLetter = (letter: string): string => unaccented[letter] ?? (letter === ' ' ? '-' : '')
  const plain = (text: string): string => text.toLowerCase().normalize('NFD').replace(/[^a-z]/g, plainLetter)
  return `${plain(first)}.${plain(last)}@northwind.example`
}

function startOf(row: Row | undefined, base: Temporal.PlainDate): Temporal.PlainDate {
  const start = row?.['Start date']
  return start instanceof Temporal.PlainDate ? start : base
}

function germanDate(date: Temporal.PlainDate): string {
  return `${String(date.day).padStart(2, '0')}.${String(date.month).padStart(2, '0')}.${date.year}`
}

/** 3 November or 11 March? Two years back, so that both are in the past. */
function ambiguousDate(base: Temporal.PlainDate): string {
  return `11/3/${base.year - 2}`
}

/** Numbers from 0 to 1, the same ones for the same seed (the "mulberry32" generator, which is in the public domain). */
function randomNumbers(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
