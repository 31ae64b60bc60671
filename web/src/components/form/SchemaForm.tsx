import { Accordion, Fieldset, NumberInput, Select, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { isRecord } from '../../api.ts'
import { mainFields, type Field } from '../../lib/json-schema.ts'
import { SecretField } from './SecretField.tsx'

type Values = Record<string, unknown>

interface SchemaFormProps {
  fields: Field[]
  values: Values
  onChange: (values: Values) => void
  systemId: string
  hide?: string[]
}

/** A form made from a connector's configuration schema: what everybody fills in first, the rest behind one click. */
export function SchemaForm({ fields, values, onChange, systemId, hide = [] }: SchemaFormProps) {
  const [main, rest] = mainFields(fields.filter((field) => !hide.includes(field.name)))
  const show = (list: Field[]) => <Fields fields={list} values={values} onChange={onChange} systemId={systemId} />
  return (
    <Stack gap="md" maw={560}>
      {show(main)}
      {rest.length > 0 && (
        <Accordion variant="separated" chevronPosition="left">
          <Accordion.Item value="more">
            <Accordion.Control>More options</Accordion.Control>
            <Accordion.Panel>
              <Stack gap="md">{show(rest)}</Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
    </Stack>
  )
}

function Fields({ fields, values, onChange, systemId }: SchemaFormProps) {
  const set = (name: string, value: unknown) => {
    const { [name]: _, ...others } = values
    onChange(value === undefined || value === '' ? others : { ...others, [name]: value })
  }
  return fields.map((field) => (
    <FieldInput
      key={field.name}
      field={field}
      value={values[field.name]}
      systemId={systemId}
      onChange={(value) => set(field.name, value)}
    />
  ))
}

interface FieldInputProps {
  field: Field
  value: unknown
  onChange: (value: unknown) => void
  systemId: string
}

function FieldInput({ field, value, onChange, systemId }: FieldInputProps) {
  const words = { label: field.title, description: field.description, required: field.required }
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  const usual =
    typeof field.default === 'string' || typeof field.default === 'number' ? String(field.default) : undefined
  switch (field.kind) {
    case 'secret':
      return (
        <SecretField
          {...words}
          reference={text}
          suggested={`${systemId || 'system'}/${field.name}`}
          onChange={onChange}
        />
      )
    case 'boolean':
      return (
        <Switch
          label={field.title}
          description={field.description}
          checked={(value ?? field.default) === true}
          onChange={(e) => onChange(e.currentTarget.checked)}
        />
      )
    case 'number':
      return (
        <NumberInput
          {...words}
          placeholder={usual}
          value={text === '' ? '' : Number(text)}
          onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
        />
      )
    case 'choice':
      return (
        <Select
          {...words}
          placeholder={usual ?? (field.required ? 'Choose' : 'Found by itself')}
          clearable={!field.required}
          data={field.options}
          value={text === '' ? null : text}
          onChange={(next) => onChange(next ?? undefined)}
        />
      )
    case 'list':
      return (
        <TagsInput
          {...words}
          value={asList(value)}
          onChange={(next) => onChange(next.length === 0 ? undefined : next)}
        />
      )
    case 'words':
      // One of the known words, or a list of names of one's own.
      return (
        <TagsInput
          {...words}
          data={field.options}
          placeholder={value === undefined ? usual : undefined}
          value={asList(value)}
          onChange={(next) =>
            onChange(
              next.length === 0
                ? undefined
                : field.options.includes(next.at(-1)!)
                  ? next.at(-1)
                  : next.filter((n) => !field.options.includes(n)),
            )
          }
        />
      )
    case 'pairs':
      return (
        <Textarea
          {...words}
          autosize
          minRows={2}
          placeholder="name = value, one a line"
          defaultValue={pairsText(value)}
          onBlur={(e) => onChange(pairsFrom(e.currentTarget.value))}
        />
      )
    case 'group': {
      const inner = isRecord(value) ? value : {}
      return (
        <Fieldset legend={field.title}>
          <Stack gap="md">
            <Fields
              fields={field.fields}
              values={inner}
              systemId={systemId}
              onChange={(next) => onChange(Object.keys(next).length === 0 ? undefined : next)}
            />
          </Stack>
        </Fieldset>
      )
    }
    default:
      return (
        <TextInput
          {...words}
          placeholder={usual}
          value={text}
          autoComplete="off"
          onChange={(e) => onChange(e.currentTarget.value)}
        />
      )
  }
}

const asList = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []

function pairsText(value: unknown): string {
  return isRecord(value)
    ? Object.entries(value)
        .map(([name, v]) => `${name} = ${String(v)}`)
        .join('\n')
    : ''
}

function pairsFrom(text: string): Record<string, string> | undefined {
  const pairs = text
    .split('\n')
    .map((line) => line.split('='))
    .filter((parts) => parts.length > 1)
    .map(([name, ...rest]) => [name!.trim(), rest.join('=').trim()] as const)
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
}
