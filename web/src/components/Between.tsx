import { showBetween, showInstant } from '../lib/time.ts'

/** When something happened that was seen at the second instant and not yet at the first; exactly on hover. */
export function Between({ from, to }: { from: string | null; to: string }) {
  return <span title={from === null ? showInstant(to) : `${showInstant(from)} – ${showInstant(to)}`}>{showBetween(from, to)}</span>
}
