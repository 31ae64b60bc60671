import { Button, FileButton, Group, Text, TextInput } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { upload } from '../../queries/system.ts'
import { useAct } from '../useAct.tsx'

interface UploadProps {
  path: string
  onPath: (path: string) => void
}

/** A file: uploaded, or named as the server sees it. */
export function Upload({ path, onPath }: UploadProps) {
  const send = useAct(upload, { onDone: (stored) => onPath(stored.path) })
  return (
    <div>
      <Group align="flex-end" gap="xs">
        <FileButton
          onChange={(file) => {
            if (file) send.mutate(file)
          }}
          accept=".csv,.tsv,.txt,.xlsx"
        >
          {(props) => (
            <Button {...props} leftSection={<IconUpload size={16} />} loading={send.isPending}>
              Upload a file
            </Button>
          )}
        </FileButton>
        <Text c="dimmed" size="sm" pb={8}>
          or
        </Text>
        <TextInput
          flex="1 1 220px"
          label="Path on the server"
          value={path}
          onChange={(event) => onPath(event.currentTarget.value)}
          placeholder="/srv/hr/people.xlsx"
        />
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        CSV, TSV or Excel (.xlsx). Usher only ever reads it. A file that is replaced at its path is read anew by each
        plan.
      </Text>
    </div>
  )
}
