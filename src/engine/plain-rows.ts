/**
 * Rows whose cells become values as they stand, copied from the bytes of the source into rows for the database, without a
 * text or an object for each cell. What it makes of a row is, byte for byte, what the mapping would make of it.
 */
import type { PartRows } from '../connectors/connector.ts'
import { areOrdered, isDate, type PlainField, type PlainMapping, type PositionDate } from '../domain/map-row.ts'
import type { Attributes, Value } from '../domain/value.ts'
import type { BinaryRows } from '../store/copy.ts'
import { copiedFields } from '../store/snapshot.ts'
import type { PositionDates } from './position-dates.ts'
import type { RowPrints } from './row-values.ts'

export interface PlainTaking {
  mapping: PlainMapping
  /** Of the source, in the order in which cells are stored. */
  columns: string[]
  job: string
  now: string
  idEnd: Uint8Array
  rows: BinaryRows
  dates: PositionDates
  prints: RowPrints
}

/** Where key and attributes of a row begin. */
export interface PlainPlaces {
  key: number
  attributes: number
}

/** A cell, by its place in the bounds of a row, or bytes of JSON. */
type Piece = number | Uint8Array

interface Field {
  name: string
  /** What stands before the value: before the first one, and before others. */
  first: Uint8Array
  next: Uint8Array
  /** Where the value is just one cell; else none. */
  slot: number
  /** Null: it is computed. */
  pieces: Piece[] | null
  columns: string[]
  value: PlainField['value']
}

const ascii = (text: string): Uint8Array => Buffer.from(text)
const [firstCell, nextCell, firstNone, nextNone] = [ascii('["'), ascii(',"'), ascii('[null'), ascii(',null')]
const [quote, comma, bracketEnd, brace, braceEnd] = [ascii('"'), ascii(','), ascii(']'), ascii('{'), ascii('}')]
const [attributesStart, listEnd] = [ascii('"attributes":{'), ascii('}}]')]

/**
 * `partColumns`: those of all parts that come. What is returned takes the row at a place of a part. It gives null where the
 * row is nobody's, or has to go through the mapping, and the same object each time else.
 */
export function plainTaker(taking: PlainTaking, partColumns: string[]): (part: PartRows, place: number) => PlainPlaces | null {
  const { mapping, columns, job, now, idEnd, rows, dates, prints } = taking
  const width = partColumns.length * 2
  const slotOf = (column: string): number => partColumns.indexOf(column) * 2
  const fieldOf = ({ name, pieces, columns: read, value }: PlainField): Field => {
    // Of what is watched a print is made, and so a text, unless it is in one place.
    const isPlain = pieces !== null && (pieces.length === 1 || !prints.names.includes(name))
    const own = isPlain ? pieces.map((piece) => (typeof piece === 'string' ? ascii(JSON.stringify(piece).slice(1, -1)) : slotOf(piece.column))) : null
    const start = `${JSON.stringify(name)}:${own === null ? '' : '"'}`
    const slot = own?.length === 1 ? Number(own[0]) : -1
    return { name, first: ascii(start), next: ascii(`,${start}`), slot, pieces: own, columns: read, value }
  }
  const [attributes, dateFields, position] = [mapping.attributes.map(fieldOf), mapping.dates.map(fieldOf), mapping.position.map(fieldOf)]
  const computed = [...attributes, ...position].filter((f) => f.pieces === null)
  const shown = new Set([...computed, ...dateFields.filter((f) => f.slot < 0)].flatMap((f) => f.columns).concat(mapping.scopeColumns))
  const shownSlots = [...shown].map((column): [string, number] => [column, slotOf(column)])
  const required = attributes.filter((f) => mapping.required.includes(f.name))
  const watchedFields = prints.names.map((name) => attributes.find((f) => f.name === name))
  const cellSlots = columns.map(slotOf)
  const keySlot = slotOf(mapping.key)
  const positionKeySlot = mapping.positionKey === null ? -1 : slotOf(mapping.positionKey)
  const positionStart = ascii(`[{"job":${JSON.stringify(job)},"key":${JSON.stringify(`${job}/`).slice(0, -1)}`)
  const withoutPositionKey = ascii('/",')
  const isStartAlone = dateFields.length === 1 && dateFields[0]!.name === 'start' && dateFields[0]!.slot >= 0
  const startsKnown = new Map<number, string>()

  // The row that is being taken.
  let bytes = Buffer.alloc(0)
  let bounds: Int32Array = new Int32Array(0)
  let at = 0
  let positionDates = ''
  const view: Record<string, string | undefined> = {}
  const values = new Map<Field, Value | undefined>()
  const given: Partial<Record<PositionDate, string>> = {}
  const places: PlainPlaces = { key: 0, attributes: 0 }

  return (part, place) => {
    if (bounds !== part.bounds) bytes = Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.length)
    bounds = part.bounds
    at = place * width
    const [keyFrom, keyTo] = [bounds[at + keySlot]!, bounds[at + keySlot + 1]!]
    if (keyFrom === keyTo || !isPlain()) return null

    const positionKey = positionKeySlot < 0 ? '' : textAt(positionKeySlot) ?? ''
    prints.key(bytes, keyFrom, keyTo, positionKey)
    for (let i = 0; i < watchedFields.length; i++) addPrint(i, watchedFields[i])
    const row = part.plain[place]!
    rows.row(copiedFields)
    places.key = rows.at
    const text = rows.begin('text')
    rows.copy(bytes, keyFrom, keyTo)
    rows.end(text)
    rows.text(positionKey)
    rows.int(row)
    rows.id(row, idEnd)
    rows.text(positionDates)
    writeCells()
    places.attributes = rows.at
    const object = rows.begin('jsonb')
    rows.copy(brace)
    writeFields(attributes)
    rows.copy(braceEnd)
    rows.end(object)
    const list = rows.begin('jsonb')
    rows.copy(positionStart)
    rows.copy(bytes, keyFrom, keyTo)
    if (positionKey === '') rows.copy(withoutPositionKey)
    else rows.string(`/${JSON.stringify(positionKey).slice(1)},`)
    writeDates()
    rows.copy(attributesStart)
    writeFields(position)
    rows.copy(listEnd)
    rows.end(list)
    rows.null()
    return places
  }

  /** Computes what is not to be copied. False: the row has to go through the mapping. */
  function isPlain(): boolean {
    for (let i = 0; i < shownSlots.length; i++) view[shownSlots[i]![0]] = textAt(shownSlots[i]![1])
    const input = view as Attributes
    try {
      if (mapping.isInScope !== null && !mapping.isInScope(input, now)) return false
      for (let i = 0; i < computed.length; i++) values.set(computed[i]!, computed[i]!.value(input, now))
    } catch {
      return false
    }
    return arePiecesThere(attributes) && arePiecesThere(position) && required.every(isThere) && takeDates()
  }

  function takeDates(): boolean {
    const known = isStartAlone ? startsKnown.get(stampAt(dateFields[0]!.slot)) : undefined
    if (known !== undefined) {
      positionDates = known
      return true
    }
    for (const { name, slot, value } of dateFields) {
      let date: Value | undefined
      try {
        date = slot < 0 ? value(view as Attributes, now) : textAt(slot)
      } catch {
        return false
      }
      if (date !== undefined && !isDate(date)) return false
      if (date === undefined) delete given[name as PositionDate]
      else given[name as PositionDate] = date
    }
    if (!areOrdered(given)) return false
    positionDates = dates.add({ ...given, attributes: {} })
    if (isStartAlone && startsKnown.size < startsMax) startsKnown.set(stampAt(dateFields[0]!.slot), positionDates)
    return true
  }

  /** A number for a date that stands in a cell; for what is none, one that is no date's either. */
  function stampAt(slot: number): number {
    const [from, to] = [bounds[at + slot]!, bounds[at + slot + 1]!]
    if (from === to) return 0
    if (to - from !== 10) return -1
    let stamp = 1
    for (let i = from; i < to; i++) {
      const digit = bytes[i]! - 48
      const isDash = i === from + 4 || i === from + 7
      if (isDash ? digit !== -3 : digit < 0 || digit > 9) return -1
      if (!isDash) stamp = stamp * 10 + digit
    }
    return stamp
  }

  function textAt(slot: number): string | undefined {
    const [from, to] = [bounds[at + slot]!, bounds[at + slot + 1]!]
    return from === to ? undefined : bytes.toString('utf8', from, to)
  }

  function isThere(f: Field): boolean {
    if (f.pieces === null) return values.get(f) !== undefined
    return f.slot < 0 || bounds[at + f.slot] !== bounds[at + f.slot + 1]
  }

  /** What is put together of several cells is so only if each of them is there. */
  function arePiecesThere(fields: Field[]): boolean {
    for (let i = 0; i < fields.length; i++) {
      const { pieces, slot } = fields[i]!
      if (pieces === null || slot >= 0) continue
      for (const piece of pieces) if (typeof piece === 'number' && bounds[at + piece] === bounds[at + piece + 1]) return false
    }
    return true
  }

  function addPrint(place: number, f: Field | undefined): void {
    if (f === undefined || f.slot < 0) prints.value(place, f === undefined ? undefined : values.get(f))
    else prints.bytes(place, bytes, bounds[at + f.slot]!, bounds[at + f.slot + 1]!)
  }

  function writeCells(): void {
    const start = rows.begin('text')
    for (let i = 0; i < cellSlots.length; i++) {
      const [from, to] = [bounds[at + cellSlots[i]!]!, bounds[at + cellSlots[i]! + 1]!]
      if (from === to) rows.copy(i === 0 ? firstNone : nextNone)
      else {
        rows.copy(i === 0 ? firstCell : nextCell)
        rows.copy(bytes, from, to)
        rows.copy(quote)
      }
    }
    rows.copy(bracketEnd)
    rows.end(start)
  }

  function writeDates(): void {
    for (const f of dateFields) {
      if (f.slot < 0 ? given[f.name as PositionDate] === undefined : !isThere(f)) continue
      if (f.slot < 0) rows.string(`${JSON.stringify(f.name)}:"${given[f.name as PositionDate]}",`)
      else {
        rows.copy(f.first)
        rows.copy(bytes, bounds[at + f.slot]!, bounds[at + f.slot + 1]!)
        rows.copy(quote)
        rows.copy(comma)
      }
    }
  }

  function writeFields(fields: Field[]): void {
    let isFirst = true
    for (let i = 0; i < fields.length; i++) {
      const f = fields[i]!
      if (!isThere(f)) continue
      rows.copy(isFirst ? f.first : f.next)
      isFirst = false
      if (f.pieces === null) rows.string(JSON.stringify(values.get(f)))
      else {
        for (const piece of f.pieces) {
          if (typeof piece === 'number') rows.copy(bytes, bounds[at + piece]!, bounds[at + piece + 1]!)
          else rows.copy(piece)
        }
        rows.copy(quote)
      }
    }
  }
}

const startsMax = 100_000
