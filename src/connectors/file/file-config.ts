import { z } from 'zod'
import { parseFormat } from '../../domain/date-format.ts'
import { encodings } from './encoding.ts'

const pattern = z.string().min(1).refine(isPattern, 'must be a regular expression')

const trailerSchema = z.strictObject({
  column: z.string().optional().meta({
    title: 'Column',
    description: 'Where the mark stands. Unless given, the pattern is tried on the first cell, then on all cells of the row with a space between them.',
  }),
  pattern: pattern.meta({
    title: 'Pattern',
    description: 'A regular expression for the mark. A first group is the number of rows that must be there: ' +
      '`^TOTAL (\\d+)$`. A group named `date` is when the file was made: `^TOTAL (\\d+) (?<date>\\S+)$`.',
  }),
  dateFormat: z.string().min(1).refine(isFormat, 'a format such as dd.MM.yyyy').optional().meta({
    title: 'Format of the date',
    description: 'Such as `dd.MM.yyyy`; unless given 2026-11-21, or with a time 2026-11-21T04:00. Without a zone it is UTC.',
  }),
})

const completenessSchema = z.strictObject({
  trailer: trailerSchema.optional().meta({
    title: 'Last row',
    description: 'The file ends with a row of its own that says "this was all". Without it the file counts as cut off.',
  }),
  minRows: z.int().min(1).optional().meta({
    title: 'Rows at least',
    description: 'With fewer rows the file counts as too short.',
  }),
  finalLineEnd: z.enum(['required', 'optional']).optional().meta({
    title: 'Line end after the last row',
    description: 'CSV without it may have been cut in its last cell. Choose "optional" if the export never writes it.',
  }),
})

/** Where a file is and how to read it. All but the path is found out unless given. */
export const fileConfigSchema = z.strictObject({
  path: z.string().min(1).meta({
    title: 'File',
    description: 'Path of the CSV, TSV or Excel file, as the server sees it.',
  }),
  format: z.enum(['csv', 'tsv', 'xlsx']).optional().meta({
    title: 'Format',
    description: 'Found by the content unless given.',
  }),
  delimiter: z.string().length(1).refine((d) => !'\r\n"'.includes(d), 'must not be a line end or a quote').optional()
    .meta({
      title: 'Delimiter',
      description: 'Between the cells of a CSV file; comma, semicolon, tab and | are found.',
    }),
  quote: z.union([z.enum(['"', "'"]), z.literal('none')]).optional()
    .meta({
      title: 'Quote',
      description: 'Around cells that hold delimiters; `"` unless given. "none": quotes are ordinary characters.',
    }),
  encoding: z.enum(encodings).optional().meta({
    title: 'Encoding',
    description: 'Found by byte order mark and content unless given.',
  }),
  sheet: z.string().min(1).optional().meta({
    title: 'Sheet',
    description: 'Name of the sheet; the one that looks most like a table unless given.',
  }),
  headerRow: z.int().min(1).optional().meta({
    title: 'Header row',
    description: 'Row with the column names, counted from 1; found unless given.',
  }),
  completeness: completenessSchema.optional().meta({
    title: 'Completeness',
    description: 'How to tell that the whole file is there. Nobody is ended because of a file that is not complete.',
  }),
})

export type FileConfig = z.infer<typeof fileConfigSchema>
export type Completeness = z.infer<typeof completenessSchema>
export type Trailer = z.infer<typeof trailerSchema>

function isFormat(text: string): boolean {
  try {
    return parseFormat(text).tokens.length > 0
  } catch {
    return false
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp
  } catch {
    return false
  }
}
