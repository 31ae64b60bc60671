/**
 * Remembers which keys went by, in eight bytes each, so that a million rows need no memory to speak of.
 * It never misses a repeated key; very rarely it takes a new one for repeated, so its word is checked.
 */
export class KeyFilter {
  #low = new Uint32Array(1 << 12)
  #high = new Uint32Array(1 << 12)
  #size = 0

  /** Whether the key may have been there before; it is from now on. */
  seen(key: string): boolean {
    let low = 0x811c9dc5
    let high = 0x9747b28c
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i)
      low = Math.imul(low ^ unit, 0x01000193)
      high = Math.imul(high ^ unit, 0x5bd1e995)
      high ^= high >>> 15
    }
    // Zero stands for a free place.
    low = (low ^ (low >>> 13)) >>> 0 || 1
    high >>>= 0
    if (this.#has(low, high)) return true
    if (this.#size * 2 >= this.#low.length) this.#grow()
    this.#put(low, high)
    this.#size += 1
    return false
  }

  /** Whether whatever went by at `other` was here, too, as far as eight bytes tell. */
  hasAllOf(other: KeyFilter): boolean {
    return other.#low.every((low, at) => low === 0 || this.#has(low, other.#high[at]!))
  }

  #has(low: number, high: number): boolean {
    const mask = this.#low.length - 1
    for (let at = (low ^ high) & mask; this.#low[at] !== 0; at = (at + 1) & mask) {
      if (this.#low[at] === low && this.#high[at] === high) return true
    }
    return false
  }

  #put(low: number, high: number): void {
    const mask = this.#low.length - 1
    let at = (low ^ high) & mask
    while (this.#low[at] !== 0) at = (at + 1) & mask
    this.#low[at] = low
    this.#high[at] = high
  }

  #grow(): void {
    const [low, high] = [this.#low, this.#high]
    this.#low = new Uint32Array(low.length * 2)
    this.#high = new Uint32Array(low.length * 2)
    for (let i = 0; i < low.length; i++) if (low[i] !== 0) this.#put(low[i]!, high[i]!)
  }
}
