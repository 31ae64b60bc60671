import { useQuery } from '@tanstack/react-query'
import { showValue } from '../../lib/words.ts'
import { why } from '../../queries/person.ts'
import type { Schema } from '../../../../client/index.ts'
import { TextLink } from '../links.tsx'
import { Origins } from '../Origins.tsx'
import { Section } from '../Section.tsx'
import classes from './Profile.module.css'

/** Attributes of a person, each with the cell that it came from. */
export function Profile({ person }: { person: Schema<'Person'> }) {
  const origins = new Map(useQuery(why(person.id)).data?.attributes.map((a) => [a.attribute, a.origin]))
  const filled = person.attributes.filter((a) => a.value !== null && a.value !== undefined && a.value !== '')
  return (
    <Section title="Attributes">
      <dl className={classes.profile}>
        {filled.map((attribute) => (
          <div key={attribute.name}>
            <dt>{attribute.title}</dt>
            <dd>
              {attribute.person ? (
                <TextLink to="/people/$id" params={{ id: attribute.person.id }} search={{}}>
                  {attribute.person.name}
                </TextLink>
              ) : attribute.sensitive ? (
                <details>
                  <summary>Show</summary>
                  {showValue(attribute.value)}
                </details>
              ) : (
                showValue(attribute.value)
              )}
              <div>
                <Origins of={[origins.get(attribute.name) ?? null]} />
              </div>
            </dd>
          </div>
        ))}
      </dl>
      {person.reports.length > 0 && (
        <p className={classes.reports}>
          <span className="dim">Manages </span>
          {person.reports.map((report, i) => (
            <span key={report.id}>
              {i > 0 && ', '}
              <TextLink to="/people/$id" params={{ id: report.id }} search={{}} data-plain>
                {report.name}
              </TextLink>
            </span>
          ))}
        </p>
      )}
    </Section>
  )
}
