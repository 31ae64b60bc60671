/** The parts of the policy that the UI edits, as the API sends them. */

export type Method = 'observe' | 'approve' | 'automatic'

export interface Role {
  id: string
  name: string
  description?: string
  owner?: string
  grants: { system: string; entitlement: string; graceDays?: number | undefined }[]
  roles: string[]
}

export interface Rule {
  id: string
  name: string
  description?: string
  when: string
  roles: string[]
}

export interface Limit {
  share?: number
  count?: number
}

export interface Brake extends Limit {
  /** Absent: the same limits over 24 hours. null: each plan is looked at alone. */
  window?: (Limit & { hours?: number }) | null
  secondPerson?: boolean
}

export interface SystemPolicy {
  id: string
  name: string
  description?: string
  connector: string
  config: Record<string, unknown>
  method: Method
  brakes?: Record<string, Brake>
  protected?: string[]
  authoritative?: string[]
  privileged?: string[]
  privilegedBrakes?: Record<string, Brake>
}

export interface JobPolicy {
  id: string
  name: string
  description?: string
  source: string
  destination: string
  scope?: string
  schedule?: { cron: string; timeZone?: string }
  method: Method
  mapping: Record<string, string>
  key?: string
  positionKey?: string
  position?: Record<string, string>
  match?: string[] | string[][]
  completeness?: { maxShrink: number; vanishedEnds: boolean }
  objectType?: string
  lifecycle?: { createDaysBefore: number; onLeave: 'keep' | 'disable'; deleteAfterDays: number | null }
}

export interface AttributeDeclaration {
  name: string
  title?: string
  type: 'text' | 'number' | 'boolean' | 'date' | 'reference'
  required: boolean
  unique: boolean
  sensitive: boolean
  multiValued: boolean
  references?: string
}

export interface Settings {
  organisation: string
  timeZone: string
  attributes: AttributeDeclaration[]
  primaryPosition: string[]
  peopleBrakes: Record<string, Brake>
  secondPerson: boolean
}

export interface PolicyDocument {
  settings: Settings
  systems: SystemPolicy[]
  jobs: JobPolicy[]
  roles: Role[]
  rules: Rule[]
}

/** A name as a stable id: "HR – Workbook" → "hr-workbook". */
export function idFrom(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
}
