import path from 'node:path'
import type { SourceShape } from '../connectors/connector.ts'

/** What stands before the `!` of a cell's address: the sheet, or the file where there are no sheets. */
export function placeOf(shape: SourceShape | null, name = ''): string {
  if (shape === null) return name
  return shape.sheet ?? path.basename(shape.file)
}
