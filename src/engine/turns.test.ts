import assert from 'node:assert/strict'
import test from 'node:test'
import { ahead } from './turns.ts'

test('the next item is asked for while one is worked on, and none twice', async () => {
  const asked: number[] = []
  async function* numbers(): AsyncGenerator<number> {
    for (let n = 1; n <= 3; n++) {
      asked.push(n)
      yield n
    }
  }
  const seen: [number, number][] = []
  for await (const n of ahead(numbers())) seen.push([n, asked.length])
  assert.deepEqual(seen, [[1, 2], [2, 3], [3, 3]])
})

test('what fails ahead is heard of in its turn, and who stops early leaves nothing open', async () => {
  let closed = 0
  async function* failing(): AsyncGenerator<number> {
    try {
      yield 1
      yield 2
      throw new Error('no third')
    } finally {
      closed++
    }
  }
  const seen: number[] = []
  await assert.rejects(async () => { for await (const n of ahead(failing())) seen.push(n) }, /no third/)
  assert.deepEqual(seen, [1, 2])
  for await (const n of ahead(failing())) if (n === 1) break
  assert.equal(closed, 2)
})
