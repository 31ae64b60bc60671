import { Tabs } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { DriftList } from '../components/drift/DriftList.tsx'
import { ExceptionList } from '../components/drift/ExceptionList.tsx'
import { OrphanList } from '../components/drift/OrphanList.tsx'
import { Page } from '../components/Page.tsx'

/** What is otherwise in the systems than Usher left it, what is left so by decision, and accounts of nobody. */
export function DriftPage() {
  const { tab } = useSearch({ from: '/inside/drift' })
  const navigate = useNavigate({ from: '/drift' })
  return (
    <Page title="Drift" lead="What somebody changed in the systems by hand: put it back, adopt it, or leave it until a date.">
      <Tabs value={tab ?? 'drift'} onChange={(next) => void navigate({ search: { tab: next ?? undefined }, replace: true, resetScroll: false })}>
        <Tabs.List mb="md">
          <Tabs.Tab value="drift">Changed by hand</Tabs.Tab>
          <Tabs.Tab value="orphans">Accounts of nobody</Tabs.Tab>
          <Tabs.Tab value="exceptions">Exceptions</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="drift">
          <DriftList />
        </Tabs.Panel>
        <Tabs.Panel value="orphans">
          <OrphanList />
        </Tabs.Panel>
        <Tabs.Panel value="exceptions">
          <ExceptionList />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
