/** Verifies a leaver's receipt without any server. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readReceipt, verifyReceipt, type ReceiptVerification } from '../domain/leaver-receipt.ts'

/** `kept`: the public key that is trusted, as PEM; null trusts the one in the receipt. */
export function verifyReceiptFile(text: string, kept: string | null): ReceiptVerification & { says: string } {
  const receipt = readReceipt(text)
  if (receipt === null) return { ok: false, says: '', problems: [{ part: 'file', message: 'This is no receipt, or it was cut off.' }] }
  try {
    const keys = (kept === null ? receipt.publicKeys : [kept]).map((pem) => createPublicKey(pem))
    const found = verifyReceipt(receipt, {
      sha256: (part) => createHash('sha256').update(part).digest('hex'),
      verify: (message, signature) => keys.some((key) => verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64'))),
    })
    return { ...found, says: `${receipt.person.name}: ${receipt.leaver.says}.` }
  } catch (error) {
    return { ok: false, says: '', problems: [{ part: 'file', message: `It cannot be verified: ${error instanceof Error ? error.message : String(error)}` }] }
  }
}
