/** The digests that a plan needs of a snapshot's rows, made while they go by, so that they need not be read again. */
import { hash } from 'node:crypto'
import { stretchRows, type Stretch } from '../store/people-bulk.ts'
import { hashBytes, markLength, type RowChunk } from './row-taker.ts'

export class Stretches {
  #stretches: Stretch[] = []
  #hashes = Buffer.allocUnsafe(stretchRows * hashBytes)
  #rows = 0
  #last = -1
  #inOrder = true

  add({ bytes, marks }: Pick<RowChunk, 'bytes' | 'marks'>): void {
    for (let i = 0; i < marks.length && this.#inOrder; i += markLength) this.#add(marks[i]!, bytes, marks[i + 3]!)
  }

  /** Null where the rows came in another order than that of their numbers. */
  list(): Stretch[] | null {
    if (this.#rows > 0) this.#close()
    return this.#inOrder ? this.#stretches : null
  }

  #add(row: number, bytes: Uint8Array, hashAt: number): void {
    if (row <= this.#last) this.#inOrder = false
    if (this.#last >= 0 && Math.floor(row / stretchRows) !== Math.floor(this.#last / stretchRows)) this.#close()
    this.#last = row
    if (!this.#inOrder) return
    const hashes = this.#hashes
    const at = this.#rows * hashBytes
    // By hand: `set` takes longer for so few.
    for (let i = 0; i < hashBytes; i++) hashes[at + i] = bytes[hashAt + i]!
    this.#rows += 1
  }

  #close(): void {
    const stretch = Math.floor(this.#last / stretchRows)
    this.#stretches.push({ stretch, people: this.#rows, lastRow: this.#last, digest: hash('sha256', this.#hashes.subarray(0, this.#rows * hashBytes), 'buffer') })
    this.#rows = 0
  }
}
