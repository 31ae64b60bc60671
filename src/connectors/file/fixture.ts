/** For the tests of this folder: files, and what the connector makes of them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import type { ObservedRecord, ReadEnd, ReadScope, Rejection } from '../connector.ts'
import type { FileConfig } from './file-config.ts'
import { fileConnector } from './file-connector.ts'

/** A folder that is gone after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'usher-file-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function fileWith(t: TestContext, name: string, content: string | Buffer): Promise<string> {
  const file = path.join(await temporaryFolder(t), name)
  await writeFile(file, content)
  return file
}

export interface WholeRead {
  records: ObservedRecord[]
  rejected: Rejection[]
  end: ReadEnd
}

export const everything: ReadScope = { objectTypes: [] }
export const noSecrets = async (): Promise<string> => ''

export async function readFile(config: FileConfig, scope: ReadScope = everything): Promise<WholeRead> {
  const reader = fileConnector.openReader(fileConnector.configSchema.parse(config), noSecrets)
  const pages = reader.read(scope, new AbortController().signal)
  const records: ObservedRecord[] = []
  const rejected: Rejection[] = []
  for (;;) {
    const next = await pages.next()
    if (next.done) return { records, rejected, end: next.value }
    records.push(...next.value.records)
    rejected.push(...next.value.rejected)
  }
}

export function codeOf(end: ReadEnd): string {
  return end.complete ? 'complete' : end.code
}

/** A zip file of these parts. */
export function zipOf(parts: Record<string, string>): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(parts)) {
    const content = Buffer.from(text)
    const packed = deflateRawSync(content)
    const fields = Buffer.alloc(22)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(content.length, 18)
    const lengths = Buffer.alloc(4)
    lengths.writeUInt16LE(name.length)
    // Version, flags, method, time and date, checksum, sizes, lengths: the same in both places.
    const common = Buffer.concat([Buffer.from([20, 0]), fields.subarray(2), lengths])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    bodies.push(Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, place, Buffer.from(name))
    offset += 4 + common.length + name.length + packed.length
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(Object.keys(parts).length, 8)
  end.writeUInt16LE(Object.keys(parts).length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, list, end])
}

const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

export interface BookParts {
  /** By name: the XML inside `<worksheet>`, and whether it is hidden. */
  sheets: Record<string, { xml: string; state?: string }>
  /** `<si>` elements. */
  texts?: string
  /** The XML inside `<styleSheet>`. */
  styles?: string
  date1904?: boolean
  /** What is added or put in place of a part. */
  others?: Record<string, string>
}

/** A workbook written by hand, for what no library writes. */
export function bookOf({ sheets, texts = '', styles = '', date1904 = false, others = {} }: BookParts): Buffer {
  const names = Object.keys(sheets)
  const states = Object.values(sheets).map((sheet) => sheet.state ?? 'visible')
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${relations}/${type}" Target="${target}"/>`
  const worksheets = names.map((_, i) => relation(`s${i}`, 'worksheet', `worksheets/sheet${i}.xml`)).join('')
  const shared = relation('t', 'sharedStrings', '/xl/sharedStrings.xml') + relation('f', 'styles', 'styles.xml')
  return zipOf({
    '_rels/.rels': `<Relationships>${relation('r1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    'xl/workbook.xml': `<workbook xmlns:r="${relations}"><workbookPr date1904="${date1904 ? 1 : 0}"/><sheets>${names
      .map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" state="${states[i]}" r:id="s${i}"/>`)
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${worksheets}${shared}</Relationships>`,
    'xl/sharedStrings.xml': `<sst>${texts}</sst>`,
    'xl/styles.xml': `<styleSheet>${styles}</styleSheet>`,
    ...Object.fromEntries(Object.values(sheets).map(({ xml }, i) => {
      return [`xl/worksheets/sheet${i}.xml`, `<worksheet>${xml}</worksheet>`]
    })),
    ...others,
  })
}

/** Rows of `<sheetData>` with texts in place. */
export function sheetOf(rows: (string | number | null)[][]): string {
  const cell = (value: string | number | null): string => {
    if (value === null) return '<c/>'
    return typeof value === 'number' ? `<c><v>${value}</v></c>` : `<c t="inlineStr"><is><t>${value}</t></is></c>`
  }
  return `<sheetData>${rows.map((row) => `<row>${row.map(cell).join('')}</row>`).join('')}</sheetData>`
}
