/** An Excel workbook as rows: the sheet that is named, or the one that looks most like a table. */
import { findHeader, headRows } from './header.ts'
import { isEmpty, type RawRow, type RowSource } from './rows.ts'
import type { SourceFile } from './source-file.ts'
import { type Book, openBook, type Sheet, sheetNamed } from './xlsx-book.ts'
import { readSheet } from './xlsx-sheet.ts'
import { openPackage } from './xlsx-zip.ts'

/** Opens the workbook at the sheet of that name. */
export async function openXlsx(file: SourceFile, sheetName: string | undefined): Promise<RowSource> {
  const parts = await openPackage(file)
  try {
    const book = await openBook(parts)
    const sheet = sheetName === undefined ? await likelySheet(book) : sheetNamed(book, sheetName)
    const isGuessed = sheetName === undefined && book.sheets.length > 1
    return {
      label: sheet.name,
      fixedWidth: false,
      rows: readSheet(book, sheet),
      sheet: sheet.name,
      ...(isGuessed ? { isSheetGuessed: true as const } : {}),
      sheets: book.sheets.filter((s) => !s.hidden || s === sheet).map((s) => s.name),
      close: () => parts.close(),
    }
  } catch (error) {
    parts.close()
    throw error
  }
}

/** Of the sheets that people see: the one with most cells in and below its header; the first among equals. */
async function likelySheet(book: Book): Promise<Sheet> {
  const visible = book.sheets.filter((s) => !s.hidden)
  const sheets = visible.length > 0 ? visible : book.sheets
  let best = sheets[0]
  let most = -1
  for (const sheet of sheets.length > 1 ? sheets : []) {
    const cells = await cellsOfTable(book, sheet)
    if (cells <= most) continue
    best = sheet
    most = cells
  }
  return best ?? sheetNamed(book, '')
}

async function cellsOfTable(book: Book, sheet: Sheet): Promise<number> {
  const head: RawRow[] = []
  for await (const rows of readSheet(book, sheet)) {
    for (const row of rows) head.push(row)
    if (head.length >= headRows) break
  }
  const rows = head.slice(0, headRows)
  const header = findHeader(rows)
  if (header === undefined) return 0
  const width = header.cells.filter((c) => !isEmpty(c)).length
  return width * rows.filter((r) => r.row >= header.row && r.cells.some((c) => !isEmpty(c))).length
}
