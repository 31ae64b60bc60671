import { useEffect, useState } from 'react'
import { showInstant, showRelative } from '../lib/time.ts'

/** An instant: relative for what just happened, with the exact one on hover. */
export function When({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  if (at === null || at === undefined) return <span className="dim">never</span>
  const shown = showInstant(at)
  return (
    <time dateTime={at} title={shown} className="nowrap">
      {exact ? shown : showRelative(at, now)}
    </time>
  )
}
