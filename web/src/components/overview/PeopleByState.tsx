import { personStates, stateWords } from '../../lib/states.ts'
import { count } from '../../lib/words.ts'
import { BareLink } from '../links.tsx'
import classes from './PeopleByState.module.css'

/** A bar of people by state, with a legend that leads to them. */
export function PeopleByState({ of }: { of: { state: string; count: number }[] }) {
  const total = of.reduce((sum, s) => sum + s.count, 0)
  if (total === 0) return <p className="dim">Nobody yet. The first plan that is applied brings people in.</p>
  const states = Object.keys(personStates)
    .map((state) => ({ state, count: of.find((s) => s.state === state)?.count ?? 0 }))
    .filter((s) => s.count > 0)
  return (
    <div>
      <div className={classes.bar} aria-hidden>
        {states.map((s) => (
          <i key={s.state} data-tone={stateWords(personStates, s.state).tone} style={{ flexGrow: s.count }} />
        ))}
      </div>
      <ul className={classes.legend}>
        {states.map((s) => {
          const words = stateWords(personStates, s.state)
          return (
            <li key={s.state}>
              <BareLink
                to="/people"
                search={{ state: s.state }}
                data-plain
                className={classes.item}
                data-tone={words.tone}
              >
                <words.icon size={15} aria-hidden /> {words.label} <b>{count(s.count)}</b>
              </BareLink>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
