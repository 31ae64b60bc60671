/** Eight bytes of a key, the low half of which is never zero, at a place among others. */
export function print(prints: Uint32Array, at: number, key: string): void {
  let low = lowStart
  let high = highStart
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x5bd1e995)
    high ^= high >>> 15
  }
  prints[at] = low ^ (low >>> 13) || 1
  prints[at + 1] = high
}

/** The same print of a key in bytes of ASCII, in lower case where `isLower` is so. False: there are others than ASCII, and no print. */
export function printBytes(prints: Uint32Array, at: number, bytes: Uint8Array, from: number, to: number, isLower: boolean): boolean {
  let low = lowStart
  let high = highStart
  let all = 0
  for (let i = from; i < to; i++) {
    let unit = bytes[i]!
    all |= unit
    if (isLower && unit >= 65 && unit <= 90) unit |= 32
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x5bd1e995)
    high ^= high >>> 15
  }
  if (all > 127) return false
  prints[at] = low ^ (low >>> 13) || 1
  prints[at + 1] = high
  return true
}

const lowStart = 0x811c9dc5
const highStart = 0x9747b28c

/**
 * Remembers which keys went by, by their prints, so that a million rows need no memory to speak of.
 * It never misses a repeated key; very rarely it takes a new one for repeated, so its word is checked.
 */
export class KeyFilter {
  /** Both halves of each key side by side, so that a look costs one trip to memory. */
  #halves = new Uint32Array(1 << 13)
  #size = 0

  /** Whether the key of this print may have been there before; it is from now on. */
  seen(low: number, high: number): boolean {
    if (this.#has(low, high)) return true
    if (this.#size * 4 >= this.#halves.length) this.#grow()
    this.#put(low, high)
    this.#size += 1
    return false
  }

  /** Whether whatever went by at `other` was here, too, as far as eight bytes tell. */
  hasAllOf(other: KeyFilter): boolean {
    const halves = other.#halves
    for (let at = 0; at < halves.length; at += 2) if (halves[at] !== 0 && !this.#has(halves[at]!, halves[at + 1]!)) return false
    return true
  }

  #has(low: number, high: number): boolean {
    const halves = this.#halves
    const mask = halves.length - 2
    for (let at = ((low ^ high) << 1) & mask; halves[at] !== 0; at = (at + 2) & mask) {
      if (halves[at] === low && halves[at + 1] === high) return true
    }
    return false
  }

  #put(low: number, high: number): void {
    const halves = this.#halves
    const mask = halves.length - 2
    let at = ((low ^ high) << 1) & mask
    while (halves[at] !== 0) at = (at + 2) & mask
    halves[at] = low
    halves[at + 1] = high
  }

  #grow(): void {
    const before = this.#halves
    this.#halves = new Uint32Array(before.length * 2)
    for (let at = 0; at < before.length; at += 2) if (before[at] !== 0) this.#put(before[at]!, before[at + 1]!)
  }
}
