import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { protectOrphan, unmarkOrphan, type Orphan } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { useAct } from '../useAct.tsx'
import type { OrphanAction } from './OrphanDialog.tsx'

const takesBack: Record<Orphan['marks'][number]['kind'], string> = {
  service: 'It is no service account',
  shared: 'One person uses it',
  ignored: 'Show it in the list again',
}

/** What can be said of an account of nobody. */
export function OrphanMenu({ orphan, onAsk }: { orphan: Orphan; onAsk: (action: OrphanAction) => void }) {
  const may = useMay()
  const protect = useAct(protectOrphan, {
    says: 'Protected: Usher never touches it.',
    forgets: ['drift', 'systems', 'policy'],
  })
  const unmark = useAct((kind: Orphan['marks'][number]['kind']) => unmarkOrphan(orphan.id, kind), {
    says: 'Taken back.',
    forgets: ['drift'],
  })
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button
          size="compact-xs"
          variant="default"
          rightSection={<IconChevronDown size={13} />}
          aria-label={`What to do with ${orphan.name}`}
        >
          Say what it is
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {orphan.person === null && <Menu.Item onClick={() => onAsk('link')}>It is a person's: link it…</Menu.Item>}
        {orphan.person === null && <Menu.Item onClick={() => onAsk('service')}>It is a service's…</Menu.Item>}
        <Menu.Item onClick={() => onAsk('shared')}>Several people use it…</Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => onAsk('ignored')}>Hide it from the list until…</Menu.Item>
        {orphan.marks.map((m) => (
          <Menu.Item key={m.kind} onClick={() => unmark.mutate(m.kind)}>
            {takesBack[m.kind]}
          </Menu.Item>
        ))}
        {may('policy:write') && (
          <Menu.Item onClick={() => protect.mutate(orphan.id)}>Protect it: Usher never touches it</Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
