/** What a workbook says about itself: its sheets, which formats are dates, and the texts that its cells share. */
import path from 'node:path'
import { UsherError } from '../../domain/errors.ts'
import { unreadable } from './source-file.ts'
import { type DateFormat, dateFormatOf } from './xlsx-date.ts'
import { parseWhole } from './xlsx-xml.ts'
import type { Package } from './xlsx-zip.ts'

export interface Book {
  package: Package
  sheets: Sheet[]
  /** Dates are counted from 1904, as old Macs did. */
  from1904: boolean
  /** By the number of a cell's style: how a date in it is written, or nothing where it is no date. */
  dateFormats: (DateFormat | undefined)[]
  texts: string[]
}

export interface Sheet {
  name: string
  part: string
  hidden: boolean
}

const partBytesMax = 64 * 2 ** 20
const textBytesMax = 512 * 2 ** 20

/** Reads all but the sheets themselves. */
export async function openBook(parts: Package): Promise<Book> {
  const root = await relationsOf(parts, '')
  const main = [...root.values()].find((r) => r.type === 'officeDocument')?.part ?? 'xl/workbook.xml'
  if (!parts.has(main)) throw unreadable(parts.file, 'is a zip file, but not an Excel workbook (.xlsx)')
  const relations = await relationsOf(parts, main)
  const partOf = (type: string): string | undefined => [...relations.values()].find((r) => r.type === type)?.part
  const styles = partOf('styles')
  const texts = partOf('sharedStrings')
  return {
    package: parts,
    ...(await readWorkbook(parts, main, relations)),
    dateFormats: styles === undefined ? [] : await readDateFormats(parts, styles),
    texts: texts === undefined ? [] : await readTexts(parts, texts),
  }
}

/** The sheet of that name, or an error that lists the names. */
export function sheetNamed(book: Book, name: string): Sheet {
  const sheet = book.sheets.find((s) => s.name === name)
  if (sheet !== undefined) return sheet
  const names = book.sheets.map((s) => `"${s.name}"`).join(', ')
  const message = `${book.package.file.path} has no sheet "${name}". Its sheets are: ${names}.`
  throw new UsherError('SOURCE_SHEET_MISSING', message, { sheet: name, sheets: book.sheets.map((s) => s.name) })
}

type Relations = Map<string, { type: string; part: string }>

/** What a part refers to, by id. The references of `xl/workbook.xml` stand in `xl/_rels/workbook.xml.rels`. */
async function relationsOf(parts: Package, part: string): Promise<Relations> {
  const relations: Relations = new Map()
  const folder = path.posix.dirname(part)
  const own = path.posix.join(folder, '_rels', `${path.posix.basename(part)}.rels`)
  if (!parts.has(own)) return relations
  await parseWhole(parts, own, {
    open(name, { Id: id, Type: type, Target: target }) {
      if (name !== 'Relationship' || id === undefined || target === undefined) return
      const resolved = target.startsWith('/') ? target.slice(1) : path.posix.join(folder, target)
      relations.set(id, { type: type?.slice(type.lastIndexOf('/') + 1) ?? '', part: resolved })
    },
  }, partBytesMax)
  return relations
}

async function readWorkbook(
  parts: Package, main: string, relations: Relations,
): Promise<{ sheets: Sheet[]; from1904: boolean }> {
  const sheets: Sheet[] = []
  let from1904 = false
  await parseWhole(parts, main, {
    open(name, attributes) {
      if (name === 'workbookPr') from1904 = isTrue(attributes['date1904'])
      if (name !== 'sheet') return
      const id = Object.entries(attributes).find(([key]) => key === 'id' || key.endsWith(':id'))?.[1]
      const relation = relations.get(id ?? '')
      // Charts and macros are sheets, too, but hold no cells.
      if (relation?.type !== 'worksheet') return
      const hidden = attributes['state'] === 'hidden' || attributes['state'] === 'veryHidden'
      sheets.push({ name: attributes['name'] ?? '', part: relation.part, hidden })
    },
  }, partBytesMax)
  if (sheets.length === 0) throw unreadable(parts.file, 'has no sheet with cells')
  return { sheets, from1904 }
}

async function readDateFormats(parts: Package, styles: string): Promise<(DateFormat | undefined)[]> {
  const codes = new Map<number, string>()
  const formats: (DateFormat | undefined)[] = []
  let inCells = false
  await parseWhole(parts, styles, {
    open(name, attributes) {
      if (name === 'cellXfs') inCells = true
      if (name === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '')
      if (name !== 'xf' || !inCells) return
      const id = Number(attributes['numFmtId'] ?? 0)
      formats.push(dateFormatOf(id, codes.get(id)))
    },
    close(name) {
      if (name === 'cellXfs') inCells = false
    },
  }, partBytesMax)
  return formats
}

async function readTexts(parts: Package, part: string): Promise<string[]> {
  const texts: string[] = []
  let text = ''
  let reading = false
  let phonetic = false
  await parseWhole(parts, part, {
    open(name) {
      if (name === 'si') text = ''
      if (name === 'rPh') phonetic = true
      if (name === 't') reading = !phonetic
    },
    text(piece) {
      if (reading) text += piece
    },
    close(name) {
      if (name === 't') reading = false
      if (name === 'rPh') phonetic = false
      if (name === 'si') texts.push(unescaped(text))
    },
  }, textBytesMax)
  return texts
}

/** Excel writes characters that XML cannot hold as `_x000D_`. */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true'
}
