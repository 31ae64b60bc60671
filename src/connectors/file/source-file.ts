/** The file itself: found, opened, read in chunks with its digest, and seen to be the same at the end as before. */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { UsherError } from '../../domain/errors.ts'
import type { FileConfig } from './file-config.ts'

export interface SourceFile {
  path: string
  /** Without folders. */
  name: string
  handle: FileHandle
  before: BigIntStats
}

export type Format = 'csv' | 'tsv' | 'xlsx'

/** A read of the disk costs more than what it brings, if that is little; what is done with it at once should not be much. */
const readBytes = 1 << 20
const chunkBytes = 1 << 16

/** Opens the file for reading, or says why it cannot be read. */
export async function openFile(file: string): Promise<SourceFile> {
  try {
    const handle = await open(file, 'r')
    const before = await handle.stat({ bigint: true })
    if (before.isFile() && before.size > 0n) return { path: file, name: path.basename(file), handle, before }
    await handle.close()
    if (before.isFile()) throw new UsherError('SOURCE_EMPTY', `${file} is empty: it has no bytes at all.`, { file })
    throw unreadable({ path: file }, `is not a file${before.isDirectory() ? ' but a folder' : ''}`)
  } catch (error) {
    throw openError(error, file)
  }
}

/** The bytes from the start. A chunk is good until the next one is asked for. */
export async function* chunksOf(file: SourceFile, signal?: AbortSignal): AsyncGenerator<Buffer, void> {
  const buffer = Buffer.allocUnsafe(readBytes)
  let position = 0
  for (;;) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.handle.read(buffer, 0, readBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    for (let at = 0; at < bytesRead; at += chunkBytes) yield buffer.subarray(at, Math.min(at + chunkBytes, bytesRead))
  }
}

/** The same chunks, and their SHA-256 in hex once all have been read. */
export function digesting(chunks: AsyncIterable<Buffer>): { chunks: AsyncGenerator<Buffer, void>; digest(): string } {
  const hash = createHash('sha256')
  async function* passing(): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  return { chunks: passing(), digest: () => hash.digest('hex') }
}

/** Throws if the file is another than when it was opened. */
export async function assertUnchanged(file: SourceFile): Promise<void> {
  const now = await stat(file.path, { bigint: true }).catch(() => undefined)
  if (now !== undefined && isUnchanged(file, now)) return
  const message = `${file.path} changed while it was being read. Read it again when it is whole.`
  throw new UsherError('SOURCE_TRUNCATED', message, { file: file.path })
}

/** Whether a file is, as far as its inode, size and time tell, the one that was opened. */
export function isUnchanged({ before }: SourceFile, now: BigIntStats): boolean {
  return now.ino === before.ino && now.size === before.size && now.mtimeNs === before.mtimeNs
}

/** What the file is, by its first bytes; what it claims to be must agree. */
export async function formatOf(file: SourceFile, config: FileConfig): Promise<Format> {
  const { bytesRead, buffer } = await file.handle.read(Buffer.alloc(512), 0, 512, 0)
  const head = buffer.subarray(0, bytesRead)
  const ending = path.extname(file.name).toLowerCase()
  const wanted = config.format ?? (/^\.xls[xm]?$/.test(ending) ? 'xlsx' : ending === '.tsv' ? 'tsv' : undefined)
  const isZip = ['PK\x03\x04', 'PK\x05\x06'].includes(head.toString('latin1', 0, 4))
  const foreign = foreignKind(head)
  if (foreign !== undefined) throw unreadable(file, `is ${foreign}`)
  if (isZip && (config.format === 'csv' || config.format === 'tsv')) {
    throw unreadable(file, `is a workbook or another zip file, though its format is set to ${config.format}`)
  }
  if (isZip) return 'xlsx'
  if (wanted === 'xlsx') throw unreadable(file, 'is not an Excel workbook (.xlsx), whatever its name says')
  return wanted ?? 'csv'
}

export function unreadable(file: { path: string }, why: string, cause?: unknown): UsherError {
  return new UsherError('SOURCE_UNREADABLE', `${file.path} ${why}.`, { file: file.path }, cause)
}

/** Kinds of file that people have in hand instead of a table, known by how they begin. */
function foreignKind(head: Buffer): string | undefined {
  const bytes = head.toString('latin1')
  if (bytes.startsWith('\xd0\xcf\x11\xe0')) return 'an old Excel file (.xls) or has a password; save it as plain .xlsx'
  if (bytes.startsWith('%PDF')) return 'a PDF'
  if (bytes.startsWith('\x1f\x8b')) return 'compressed; unpack it first'
  const isPage = /^(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)/i.test(bytes)
  return isPage ? 'a web page or XML; perhaps a sign-in page was saved in its place' : undefined
}

function openError(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new UsherError('SOURCE_MISSING', `There is no file ${file}.`, { file }, error)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new UsherError('SOURCE_UNREADABLE', `Usher has no permission to read ${file}.`, { file }, error)
  }
  if (error instanceof UsherError) return error
  return new UsherError('SOURCE_UNREADABLE', `${file} cannot be opened (${String(code ?? error)}).`, { file }, error)
}
