/** Every file of every workspace agrees with its types. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const root = path.join(import.meta.dirname, '..')

for (const project of ['tsconfig.json', 'web/tsconfig.json'].filter((file) => existsSync(path.join(root, file)))) {
  test(`types: ${project}`, async () => {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '--project', path.join(root, project)], {
      cwd: root, maxBuffer: 1 << 26,
    }).catch((error: { stdout: string }) => error)
    assert.equal(stdout, '')
  })
}
