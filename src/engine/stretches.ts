/** What a plan needs of a snapshot as a whole, gathered while its rows go by, so that they need not be read again. */
import { hash } from 'node:crypto'
import { stretchRows, type Stretch } from '../store/people-bulk.ts'

const hashBytes = 16
const datesMax = 100_000

export class Stretches {
  #stretches: Stretch[] = []
  #hashes = Buffer.allocUnsafe(stretchRows * hashBytes)
  #rows = 0
  #last = -1
  #inOrder = true
  #dates = new Set<string>()
  #lastDates = ''

  add(row: number, rowHash: Uint8Array, dates: string): void {
    if (row <= this.#last) this.#inOrder = false
    if (this.#last >= 0 && Math.floor(row / stretchRows) !== Math.floor(this.#last / stretchRows)) this.#close()
    this.#last = row
    if (!this.#inOrder) return
    // By hand: `set` takes longer for so few.
    for (let i = 0; i < hashBytes; i++) this.#hashes[this.#rows * hashBytes + i] = rowHash[i]!
    this.#rows += 1
    // Neighbours often have the same, and the text that is the same object needs no look.
    if (dates !== this.#lastDates && this.#dates.size < datesMax) this.#dates.add(dates)
    this.#lastDates = dates
  }

  /** Null where the rows came in another order than that of their numbers. */
  list(): Stretch[] | null {
    if (this.#rows > 0) this.#close()
    return this.#inOrder ? this.#stretches : null
  }

  /** The different dates of positions; null: too many to be remembered. */
  dates(): string[] | null {
    return this.#dates.size < datesMax ? [...this.#dates] : null
  }

  #close(): void {
    const stretch = Math.floor(this.#last / stretchRows)
    this.#stretches.push({ stretch, people: this.#rows, lastRow: this.#last, digest: hash('sha256', this.#hashes.subarray(0, this.#rows * hashBytes), 'buffer') })
    this.#rows = 0
  }
}
