import { IconCheck, IconDoorExit, IconLock, IconPlayerPause } from '@tabler/icons-react'
import type { Schema } from '../../../client/index.ts'
import { Tag } from './Tag.tsx'

/** State of an account as last seen. */
export function AccountTags({ account }: { account: Schema<'Account'> }) {
  return (
    <>
      {account.goneAt ? (
        <Tag icon={IconDoorExit}>Gone</Tag>
      ) : account.enabled ? (
        <Tag tone="good" icon={IconCheck}>
          Enabled
        </Tag>
      ) : (
        <Tag tone="warn" icon={IconPlayerPause}>
          Disabled
        </Tag>
      )}
      {account.protected && (
        <Tag icon={IconLock} title="Never touched.">
          Protected
        </Tag>
      )}
    </>
  )
}
