/**
 * Every error that Usher reports, by its stable code. The code is the promise; the words may change.
 * `docs/reference/errors.md` has a line for each (a test compares them).
 */
export const errors = {
  // What callers send
  INVALID_INPUT: { status: 400, advice: 'Correct the fields named in the message.' },
  NOT_SIGNED_IN: { status: 401, advice: 'Sign in, or send an API token.' },
  NOT_ALLOWED: { status: 403, advice: 'Ask an administrator for the role that the message names.' },
  NOT_FOUND: { status: 404, advice: 'Check the id or name; it may have been removed.' },
  CONFLICT: { status: 409, advice: 'Somebody else changed it meanwhile. Load it again.' },
  TOO_MANY_REQUESTS: { status: 429, advice: 'Wait a moment and try again.' },
  INTERNAL: { status: 500, advice: 'This is a fault in Usher. The log has the details under the request id.' },

  // Start, and Usher's own database
  PORT_IN_USE: { status: 409, advice: 'Something else listens there, perhaps another Usher. Stop it, or set PORT to another.' },
  DATA_FOLDER_IN_USE: { status: 409, advice: 'Another Usher process uses this data folder. Stop it, or set USHER_DATA to another folder.' },
  DATABASE_NOT_STARTED: { status: 503, advice: 'The private PostgreSQL could not start. Mend the cause in the message, or set DATABASE_URL to your own.' },
  DATABASE_UNREACHABLE: { status: 503, advice: 'Usher goes on by itself when its own database is back.' },
  DATABASE_FULL: { status: 507, advice: 'Make room on the disk of Usher\'s own database. Usher goes on by itself then, and nothing is lost.' },
  DISK_NEARLY_FULL: { status: 507, advice: 'Make room on the disk of the data folder, or move the folder to a larger one.' },
  MASTER_KEY_UNUSABLE: { status: 500, advice: 'Start Usher with the master key that was in use before: USHER_MASTER_KEY, or master.key in the data folder.' },

  // Policy
  POLICY_INVALID: { status: 422, advice: 'Correct the file at the line and column in the message.' },
  POLICY_MOVED: { status: 409, advice: 'The policy changed since your files were exported. Export again, or merge.' },
  EXPRESSION_INVALID: { status: 422, advice: 'Correct the expression at the position in the message.' },
  EXPRESSION_FAILED: { status: 422, advice: 'The expression met a value it cannot handle. See the value in the message.' },

  // Sources
  SOURCE_MISSING: { status: 422, advice: 'The file is not there. Nobody was ended. Check the path, or upload it again.' },
  SOURCE_UNREADABLE: { status: 422, advice: 'The file cannot be read as what it should be. Nobody was ended. Save it again.' },
  SOURCE_EMPTY: { status: 422, advice: 'The file has no rows. Nobody was ended.' },
  SOURCE_TRUNCATED: { status: 422, advice: 'The file ends in the middle. Nobody was ended. Transfer it again.' },
  SOURCE_SHORT: { status: 422, advice: 'The file has far fewer rows than last time. Nobody was ended. If it is right, release the missing people.' },
  SOURCE_OUT_OF_CONTRACT: { status: 422, advice: 'The read came to its end, but is not like those before it. Nobody was ended. Correct the source, or release it if it is right.' },
  SOURCE_COLUMN_MISSING: { status: 422, advice: 'A column that the job uses is not there. Nobody was ended. Restore it, or change the mapping.' },
  SOURCE_SHEET_MISSING: { status: 422, advice: 'The sheet that the system names is not in the workbook.' },
  ROW_SET_ASIDE: { status: 200, advice: 'Correct the cells that the job\'s page lists. Mended rows come back by themselves.' },
  ROW_MALFORMED: { status: 422, advice: 'The row does not have the shape of the header. Correct it in the file.' },
  ROW_KEY_MISSING: { status: 422, advice: 'The row has no key. Fill it in.' },
  ROW_KEY_DUPLICATE: { status: 422, advice: 'Several rows have the same key. All of them wait until one is corrected.' },
  ROW_VALUE_INVALID: { status: 422, advice: 'A cell holds something other than expected. Correct the cell named in the message.' },
  MATCH_AMBIGUOUS: { status: 409, advice: 'Several people fit this row. Decide which one it is.' },
  MATCH_CONTRADICTED: { status: 409, advice: 'This key belonged to somebody who looks different. Decide whether it is the same person.' },
  VALUE_NOT_UNIQUE: { status: 409, advice: 'Several people have one value of an attribute that is declared unique. Correct the source that is wrong, or declare the attribute as not unique.' },
  PEOPLE_MISSING: { status: 409, advice: 'These people vanished from the source without an end date. Release them if they really left.' },
  REFERENCE_UNRESOLVED: { status: 200, advice: 'If they do not come, correct the key in the source.' },

  // Systems
  SYSTEM_UNREACHABLE: { status: 503, advice: 'The system does not answer. Usher tries again by itself.' },
  SYSTEM_AWAY: { status: 503, advice: 'The system does not answer while changes wait for it. They go on by themselves when it is back.' },
  SYSTEM_SIGN_IN_FAILED: { status: 502, advice: 'The system refused the credentials. Store the right secret.' },
  SYSTEM_RIGHT_MISSING: { status: 502, advice: 'The account that Usher uses lacks a right. See the connector\'s page for the rights it needs.' },
  SYSTEM_REFUSED: { status: 502, advice: 'The system refused the change, in the words quoted. Correct the cause and retry.' },
  SYSTEM_BUSY: { status: 503, advice: 'The system asks for slower work. Usher tries again by itself.' },
  SYSTEM_TLS_FAILED: { status: 502, advice: 'The encrypted connection could not be made. Check the certificate and the CA in the configuration.' },
  SYSTEM_READ_INCOMPLETE: { status: 502, advice: 'The read did not reach its end. Nothing is removed because of it.' },
  SYSTEM_EMPTY: { status: 502, advice: 'The system shows nothing where accounts were. Nothing is taken for gone. Check where it is told to look, and what it may see.' },
  SYSTEM_OUT_OF_CONTRACT: { status: 502, advice: 'The read came to its end, but shows far less than before. Nothing is taken for gone. Give the account that Usher uses its rights back, or release it if it is right.' },
  ALREADY_EXISTS: { status: 409, advice: 'Something with this name is there and is not known to be this person\'s. Link it, or rename it.' },
  TARGET_GONE: { status: 409, advice: 'The record is no longer there. Plan again.' },
  PROTECTED: { status: 409, advice: 'The record is protected and is never touched.' },
  SECRET_MISSING: { status: 422, advice: 'The secret that the configuration refers to is not stored. Store it with `usher secret set`.' },

  // Plans
  PLAN_STALE: { status: 409, advice: 'What the plan was computed from has changed. Plan again.' },
  PLAN_HASH_DIFFERS: { status: 409, advice: 'The plan is not the one that was reviewed. Review it again.' },
  PLAN_BRAKED: { status: 409, advice: 'A brake stopped the plan before its first write. Review the listed set and release it.' },
  BRAKE_ERROR_RATE: { status: 409, advice: 'Too many changes failed in this system, so Usher writes nothing more to it. Mend the cause, then resume the system.' },
  SECOND_PERSON_NEEDED: { status: 409, advice: 'Another user must confirm the release. API tokens count as the user who made them.' },
  PLAN_NOT_OPEN: { status: 409, advice: 'The plan is already over. Plan again.' },
  CHANGE_DIFFERS: { status: 409, advice: 'Recomputed from what is now, the change is another. It was refused and is planned anew.' },
  CHANGE_CONTRADICTED: { status: 409, advice: 'Read back, the system shows something else than planned.' },
  NOT_UNDOABLE: { status: 409, advice: 'This part of the plan stays as it is. Mend it by hand where it matters.' },
  UNDO_UNTIL: { status: 200, advice: 'Correct the policy or the source before then, or leave it longer.' },
  UNDO_LEFT: { status: 200, advice: 'The plan lists each change that it does not take back, and why.' },
  NAME_EXHAUSTED: { status: 409, advice: 'All candidates for a unique name are taken. Add a candidate to the mapping.' },
  NAME_TAKEN: { status: 409, advice: 'A record that is not this person\'s has the name that they had. Rename or delete that record, or link it to them; the account comes by itself then.' },
  ENTITLEMENT_UNKNOWN: { status: 422, advice: 'A role names an entitlement that the system does not show. Create it there, or correct the role.' },
  LEAVER_OVERDUE: { status: 200, advice: 'See the leaver\'s page for what is still there; mend what the system says, or take it away by hand. It settles by itself.' },
  REQUIRED_EMPTY: { status: 422, advice: 'An attribute that the system requires has no value for this person.' },
} as const satisfies Record<string, { status: number; advice: string }>

export type ErrorCode = keyof typeof errors

/** An error with a stable code. `message` names what went wrong where; it never carries a secret or a whole record. */
export class UsherError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'UsherError'
    this.code = code
    this.details = details
  }

  get status(): number {
    return errors[this.code].status
  }

  get advice(): string {
    return errors[this.code].advice
  }
}
