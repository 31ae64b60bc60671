/** Checks the five fields of a cron schedule. */

const fields: { name: string; min: number; max: number; names?: string[] }[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'weekday', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]

/** What is wrong with it; null where nothing is. */
export function cronProblem(cron: string): string | null {
  const parts = cron.trim().split(/\s+/)
  if (parts.length !== 5) return `A schedule has five fields (minute hour day month weekday), this has ${parts.length}.`
  for (const [index, field] of fields.entries()) {
    for (const item of parts[index]!.toLowerCase().split(',')) {
      if (!fits(item, field)) return `"${item}" is no ${field.name}: ${field.min} to ${field.max}, *, a range such as ${field.min}-${field.min + 1} or a step such as */2.`
    }
  }
  return null
}

function fits(item: string, { min, max, names }: (typeof fields)[number]): boolean {
  const [range = '', step, ...rest] = item.split('/')
  if (rest.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) >= 1 && Number(step) <= max))) return false
  if (range === '*') return true
  const bounds = range.split('-').map((bound) => (names?.includes(bound) ? names.indexOf(bound) + min : /^\d{1,2}$/.test(bound) ? Number(bound) : NaN))
  if (bounds.length > 2 || bounds.some((bound) => !(bound >= min && bound <= max))) return false
  return bounds.length === 1 || bounds[0]! <= bounds[1]!
}
