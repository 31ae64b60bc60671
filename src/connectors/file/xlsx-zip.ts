/** The zip file around a workbook: its parts as streams, with limits against files made to exhaust the reader. */
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { UsherError } from '../../domain/errors.ts'
import { type SourceFile, unreadable } from './source-file.ts'

export interface Package {
  file: SourceFile
  has(part: string): boolean
  /** The inflated bytes of a part, checked against its checksum at the end. */
  read(part: string, bytesMax?: number): AsyncGenerator<Buffer, void>
  close(): void
}

const partsMax = 10_000
const partBytesMax = 4 * 2 ** 30
/** A sheet of equal rows packs about a hundredfold; from this size on, more than that is no workbook. */
const ratioMax = 500
const ratioBytesMin = 64 * 2 ** 20

export async function openPackage(file: SourceFile): Promise<Package> {
  const zip = await openPromise(file.path, { autoClose: false, strictFileNames: false }).catch((error: unknown) => {
    const message = `${file.path} begins as a workbook, but its end is missing or damaged. Transfer it again.`
    throw new UsherError('SOURCE_TRUNCATED', message, { file: file.path }, error)
  })
  try {
    const parts = await listParts(zip, file)
    return {
      file,
      has: (part) => parts.has(part),
      read: (part, bytesMax = partBytesMax) => readPart(zip, file, part, parts.get(part), bytesMax),
      close: () => zip.close(),
    }
  } catch (error) {
    zip.close()
    if (error instanceof UsherError) throw error
    throw unreadable(file, 'is damaged: the list of its parts cannot be read', error)
  }
}

async function listParts(zip: ZipFile, file: SourceFile): Promise<Map<string, Entry>> {
  const parts = new Map<string, Entry>()
  if (zip.entryCount > partsMax) throw unreadable(file, `has ${zip.entryCount} parts; a workbook has a few dozen`)
  for await (const entry of zip.eachEntry()) parts.set(entry.fileName, entry)
  return parts
}

async function* readPart(
  zip: ZipFile, file: SourceFile, part: string, entry: Entry | undefined, bytesMax: number,
): AsyncGenerator<Buffer, void> {
  if (entry === undefined) throw unreadable(file, `is a zip file without the part ${part} of an Excel workbook`)
  const { uncompressedSize: size, compressedSize } = entry
  if (size > bytesMax || (size > ratioBytesMin && size > compressedSize * ratioMax)) {
    throw unreadable(file, `has a part ${part} that unpacks to ${size} bytes, more than Usher accepts`)
  }
  if (entry.isEncrypted()) throw unreadable(file, 'is protected by a password; save it without')
  let checksum = 0
  try {
    const stream: Readable = await zip.openReadStreamPromise(entry)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum)
      yield chunk
    }
  } catch (error) {
    if (error instanceof UsherError) throw error
    throw unreadable(file, `is damaged: its part ${part} cannot be unpacked`, error)
  }
  if (checksum !== entry.crc32) throw unreadable(file, `is damaged: the checksum of its part ${part} does not fit`)
}
