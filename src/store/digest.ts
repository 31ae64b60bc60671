/** Digests of accounts as a read shows them, the same as those that the database keeps of the accounts it has (`account.digest`). */
import { hash } from 'node:crypto'

export const digestLength = 32

/** As hexadecimal text. `shown`: the account's text (`domain/shown.ts`). Where it should ever differ from the database's, the record is only compared the long way. */
export function digestOf(shown: string | Uint8Array): string {
  return hash('sha256', shown, 'hex').slice(0, digestLength)
}
