/** One part of a workbook as XML events. */
import { StringDecoder } from 'node:string_decoder'
import { SaxesParser } from 'saxes'
import { UsherError } from '../../domain/errors.ts'
import type { Package } from './xlsx-zip.ts'
import { unreadable } from './source-file.ts'

export interface XmlEvents {
  /** Names come without prefix: some programs write `<x:row>`. */
  open(name: string, attributes: Record<string, string>): void
  text?(text: string): void
  close?(name: string): void
}

/** Between two events; a text this long is no cell. The parser holds it, so it must not grow without end. */
const silentCharsMax = 8_000_000

/** Parses the part, a step per chunk, so that its reader can hand out what it has by then. */
export async function* parseXml(
  book: Package, part: string, events: XmlEvents, bytesMax?: number,
): AsyncGenerator<void, void> {
  const parser = new SaxesParser({ position: false, xmlns: false } as const)
  let silent = 0
  parser.on('opentag', ({ name, attributes }) => {
    silent = 0
    events.open(localName(name), attributes)
  })
  parser.on('closetag', ({ name }) => {
    silent = 0
    events.close?.(localName(name))
  })
  parser.on('text', (text) => events.text?.(text))
  parser.on('cdata', (text) => events.text?.(text))
  parser.on('doctype', () => {
    throw new Error('a document type is not allowed')
  })

  const decoder = new StringDecoder('utf8')
  const write = (text: string): void => {
    silent += text.length
    if (silent > silentCharsMax) throw new Error(`nothing but text for ${silentCharsMax} characters`)
    parser.write(text)
  }
  for await (const chunk of book.read(part, bytesMax)) {
    guarded(book, part, () => write(decoder.write(chunk)))
    yield
  }
  guarded(book, part, () => write(decoder.end()))
  try {
    parser.close()
  } catch (error) {
    const message = `${book.file.path} is not whole: its part ${part} ends in the middle. Save it again.`
    throw new UsherError('SOURCE_TRUNCATED', message, { file: book.file.path, part }, error)
  }
  yield
}

/** Parses a small part to its end. */
export async function parseWhole(book: Package, part: string, events: XmlEvents, bytesMax: number): Promise<void> {
  for await (const _ of parseXml(book, part, events, bytesMax)) continue
}

function guarded(book: Package, part: string, step: () => void): void {
  try {
    step()
  } catch (error) {
    if (error instanceof UsherError) throw error
    throw unreadable(book.file, `is damaged: its part ${part} is not the XML of a workbook`, error)
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
