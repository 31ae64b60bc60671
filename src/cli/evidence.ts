/** `usher evidence`: a plan with all that belongs to it as one file, and whether such a file is as it was written. */
import { createHash, createPublicKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { verifyEvidence, type EvidenceVerdict } from '../domain/evidence.ts'
import { chainCrypto, linesOf, read, readHeads, type OfflineOptions } from './audit-offline.ts'
import { Failure } from './exit.ts'
import { findPlan } from './find.ts'
import { examples } from './help.ts'
import { act, call, show, type World } from './session.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment, plural } from './words.ts'

export function evidenceCommand(program: Command, world: World): void {
  const evidence = program.command('evidence').description('a plan, what it was computed from, its results and its audit trail as one file')

  examples(evidence.command('export').description('write the evidence of a plan as NDJSON; it names people, so keep it like personal data')
    .argument('[plan]', 'number or id; without it the latest')
    .option('--out <file>', 'without it, standard output')
    .action(act(world, async (session, given: string | undefined, options: { out?: string }) => {
      const id = await findPlan(session, given)
      const text = await call(session.api.GET('/api/plans/{id}/evidence', { params: { path: { id } }, parseAs: 'text' }))
      if (options.out === undefined) return session.terminal.out(text.trimEnd())
      writeFileSync(options.out, text, { mode: 0o600 })
      show(session, { file: options.out }, () => `Written to ${options.out}. Verify it anywhere: usher evidence verify ${options.out} --public-key audit-key.pub`)
    })), ['usher evidence export 12 --out plan-12.ndjson', 'usher evidence export > latest.ndjson'])

  examples(evidence.command('verify').description('find what was altered, left out, cut off or written anew; needs no server')
    .argument('<file>', 'what `usher evidence export` wrote')
    .option('--public-key <file>', 'the key that you kept (audit-key.pub); without it the one in the file is trusted')
    .option('--heads <file>', 'the copy of audit-heads.log that you kept')
    .action(act(world, async (session, file: string, options: OfflineOptions) => {
      const found = await verifyEvidenceFile(file, options)
      show(session, found, () => verdictView(session.terminal, found))
      if (!found.ok) throw new Failure('broken', '')
    })), ['usher evidence verify plan-12.ndjson --public-key kept/audit-key.pub --heads kept/audit-heads.log'])
}

export interface FileVerdict extends EvidenceVerdict {
  /** SHA-256 of the keys in the file, where no other was given: to be compared with the one you know. */
  trusts: string[]
}

export async function verifyEvidenceFile(file: string, options: OfflineOptions): Promise<FileVerdict> {
  const kept = options.publicKey === undefined ? null : [read(options.publicKey)]
  const heads = options.heads === undefined ? [] : readHeads(options.heads)
  let named: string[] = []
  const found = await verifyEvidence(linesOf(file), (inFile) => {
    if (inFile.length > 0) named = inFile
    return chainCrypto(kept ?? inFile)
  }, heads)
  return { ...found, trusts: kept !== null ? [] : named.map(fingerprint) }
}

function fingerprint(pem: string): string {
  return createHash('sha256').update(createPublicKey(pem).export({ type: 'spki', format: 'der' })).digest('hex')
}

export function verdictView(terminal: Terminal, found: FileVerdict): string {
  const what = found.plan === null ? 'The file' : `Plan ${found.plan.number} (${found.plan.state}), written on ${moment(found.exportedAt ?? '')}: ${plural(found.changes, 'change')}, ${plural(found.auditRows, 'audit row')}`
  const key = found.trusts.map((print) => `  Signed by the key in the file itself, SHA-256 ${print}. Compare it with the one you kept, or use --public-key.`)
  if (found.ok) return [`${terminal.paint('green', '✓')} ${what}. Everything is as it was written.`, ...key].join('\n')
  return [`${terminal.paint('red', '✗')} ${what}. It is not as it was written:`, ...found.problems.map((problem) => `  ${problem.kind}: ${clean(problem.message)}`)].join('\n')
}
