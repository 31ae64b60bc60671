/** Plants one mistake in the engine: its source is altered while it is loaded, nothing on the disk. */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './list.ts'

export const root = path.join(import.meta.dirname, '../../..')

/** How often the text that a mistake replaces stands in its file; anything but once means that the list is out of date. */
export function occurrences({ file, find }: Mutant): number {
  return readFileSync(path.join(root, file), 'utf8').split(find).length - 1
}

export function plant({ file, find, replace }: Mutant): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!url.startsWith('file:') || fileURLToPath(url) !== path.join(root, file)) return loaded
      const source = Buffer.from(loaded.source as Uint8Array | string as never).toString()
      return { ...loaded, source: source.replace(find, () => replace) }
    },
  })
}
