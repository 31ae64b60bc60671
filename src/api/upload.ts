/** Source files that come through the browser: streamed to the files folder, never through memory, never over another file by accident. */
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import { UsherError } from '../domain/errors.ts'

const endings = ['.csv', '.tsv', '.txt', '.xlsx']

/** Gives the path for a system's configuration, relative to the files folder. */
export async function storeUpload(request: FastifyRequest, folder: string, id: string, replace: string | undefined): Promise<{ path: string; bytes: number }> {
  const upload = request.isMultipart() ? await request.file() : undefined
  if (upload === undefined) throw new UsherError('INVALID_INPUT', 'Send one file as multipart/form-data.')
  const ending = path.extname(upload.filename).toLowerCase()
  if (!endings.includes(ending)) throw new UsherError('INVALID_INPUT', `"${baseOf(upload.filename)}" is not a file that can be read: ${endings.join(', ')}.`)
  const name = replace === undefined ? `uploads/${id.slice(0, 8)}/${baseOf(upload.filename)}` : await known(folder, replace, ending)
  const arriving = path.join(folder, `uploads/.${id}.part`)
  await mkdir(path.dirname(arriving), { recursive: true })
  try {
    await pipeline(upload.file, createWriteStream(arriving, { mode: 0o600, flags: 'wx', flush: true }))
    if (upload.file.truncated) throw new UsherError('INVALID_INPUT', `"${baseOf(upload.filename)}" is larger than 200 MB.`)
    const { size } = await stat(arriving)
    // The file appears whole or not at all.
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await rename(arriving, path.join(folder, name))
    return { path: name, bytes: size }
  } finally {
    await rm(arriving, { force: true })
  }
}

/** The last part of a name, in characters that no file system and no shell minds. */
function baseOf(filename: string): string {
  const base = path.basename(filename.replaceAll('\\', '/')).normalize('NFC').replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '').slice(-100)
  return base === '' ? 'file' : base
}

async function known(folder: string, name: string, ending: string): Promise<string> {
  const inside = path.relative(folder, path.resolve(folder, name))
  const fine = !inside.startsWith('..') && !path.isAbsolute(inside) && inside === path.normalize(name) && endings.includes(path.extname(inside).toLowerCase())
  const there = fine && await stat(path.join(folder, inside)).then((s) => s.isFile(), () => false)
  if (!there) throw new UsherError('NOT_FOUND', 'There is no such upload to replace.')
  if (path.extname(inside).toLowerCase() !== ending) throw new UsherError('INVALID_INPUT', `The file to replace is a ${path.extname(inside)}, this is a ${ending}.`)
  return inside
}
