/** What is generated and committed is what the code of today generates. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committed, generators } from '../scripts/generate.ts'

for (const generator of generators) {
  test(`the ${generator.name} files are current`, async () => {
    const files = await generator.files()
    assert.ok(Object.keys(files).length > 0)
    for (const [file, text] of Object.entries(files)) {
      assert.ok(committed(file) === text, `${file} is not current. Run: npm run generate`)
    }
  })
}
