import { Textarea, TextInput } from '@mantine/core'

interface Named {
  name: string
  description?: string | undefined
}

/** What a role or a rule is called, and what it is for. */
export function NameFields({ of, onChange, readOnly }: { of: Named; onChange: (part: Partial<Named>) => void; readOnly: boolean }) {
  return (
    <>
      <TextInput
        label="Name"
        value={of.name}
        readOnly={readOnly}
        onChange={(e) => onChange({ name: e.currentTarget.value })}
      />
      <Textarea
        label="Description"
        autosize
        value={of.description ?? ''}
        readOnly={readOnly}
        onChange={(e) => onChange({ description: e.currentTarget.value || undefined })}
      />
    </>
  )
}
