import { Text, Textarea } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { checkExpression } from '../../queries/job.ts'
import classes from './ExpressionField.module.css'

interface ExpressionFieldProps {
  label: string
  /** Whether the label is shown or only read aloud. */
  bare?: boolean
  description?: string
  placeholder?: string
  value: string
  scope: 'row' | 'person'
  readOnly?: boolean
  onChange: (value: string) => void
}

/** An expression, checked while one types; an error points to its place. */
export function ExpressionField({
  label,
  bare = false,
  description,
  placeholder,
  value,
  scope,
  readOnly,
  onChange,
}: ExpressionFieldProps) {
  const [asked] = useDebouncedValue(value, 300)
  const check = useQuery({ ...checkExpression(asked, scope), enabled: asked.trim() !== '' }).data
  const wrong = asked === value && asked.trim() !== '' && check?.ok === false
  return (
    <div>
      <Textarea
        {...(bare ? { 'aria-label': label } : { label, description })}
        autosize
        minRows={1}
        maxRows={8}
        spellCheck={false}
        value={value}
        placeholder={placeholder}
        readOnly={readOnly}
        error={wrong}
        classNames={{ input: classes.input }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {wrong && (
        <div role="alert" className={classes.wrong}>
          <Text size="xs">{check.message}</Text>
          {check.line !== null && check.column !== null && (
            <pre aria-hidden>
              {value.split('\n')[check.line - 1] ?? ''}
              {'\n'}
              {' '.repeat(Math.max(check.column - 1, 0))}▲
            </pre>
          )}
        </div>
      )}
    </div>
  )
}
