import { Button } from '@mantine/core'
import { IconMapQuestion } from '@tabler/icons-react'
import { Page } from './Page.tsx'
import { Empty, Failure, Waiting } from './states.tsx'

/** A page that could not be shown. */
export function Broken({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <Page title="This page cannot be shown">
      <Failure error={error} retry={reset ?? (() => location.reload())} />
    </Page>
  )
}

/** An address that leads nowhere. */
export function Missing() {
  return (
    <Page title="Not found">
      <Empty
        icon={IconMapQuestion}
        title="There is nothing at this address"
        action={
          <Button component="a" href="/">
            Go to the overview
          </Button>
        }
      >
        It may have been removed, or the link is incomplete.
      </Empty>
    </Page>
  )
}

/** A page that is on its way. */
export function Pending() {
  return <Waiting lines={10} />
}
