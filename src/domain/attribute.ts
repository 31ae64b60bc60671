/** What a system says of one attribute of its records: the planner, the UI, the docs and the contract tests all read it. */
export interface AttributeDescription {
  name: string
  title?: string
  type: 'text' | 'number' | 'boolean' | 'date' | 'instant' | 'reference'
  required?: boolean
  unique?: boolean
  multiValued?: boolean
  /** Usher never reads it back and shows it nowhere. */
  secret?: boolean
  /** How two values are compared; `exact` unless said otherwise. `dn` ignores case and spaces around the parts of a distinguished name. */
  compare?: 'exact' | 'ignore-case' | 'dn'
  /** Part of the record's name: a change of it is a rename, not an update. */
  naming?: boolean
  /** Shown, and refused by the system when a mapping sets it. */
  readOnly?: boolean
  description?: string
}
