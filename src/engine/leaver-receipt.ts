/** Signs the receipt of a leaver with the key of the audit log. */
import { createHash, sign } from 'node:crypto'
import { digestsOf, receiptMessage, type Receipt, type ReceiptContent } from '../domain/leaver-receipt.ts'
import type { AuditKeys } from './audit-sealer.ts'

export function signReceipt(content: ReceiptContent, keys: AuditKeys): Receipt {
  const digests = digestsOf(content, (text) => createHash('sha256').update(text).digest('hex'))
  return {
    format: 'usher-leaver-receipt', version: 1, ...content, digests, publicKeys: keys.publicKeys,
    signature: sign(null, Buffer.from(receiptMessage(digests)), keys.privateKey).toString('base64'),
  }
}
