/** Every state that is shown: a word, a tone and a sign, as colour is never the only one. */
import {
  IconAlertTriangle,
  IconCalendarTime,
  IconCheck,
  IconCircle,
  IconCircleDashed,
  IconClock,
  IconDoorExit,
  IconEye,
  IconHandStop,
  IconLoader,
  IconMinus,
  IconPlayerPause,
  IconReplace,
  IconRefresh,
  IconUmbrella,
  IconX,
  type Icon,
} from '@tabler/icons-react'
import type { Tone } from '../components/Tag.tsx'

export interface StateWords {
  label: string
  tone: Tone
  icon: Icon
  explains?: string
}

export const personStates: Record<string, StateWords> = {
  'before-start': {
    label: 'Before start',
    tone: 'info',
    icon: IconClock,
    explains: 'No position lives yet; one is to come.',
  },
  active: { label: 'Active', tone: 'good', icon: IconCheck, explains: 'Some position lives.' },
  'on-leave': {
    label: 'On leave',
    tone: 'warn',
    icon: IconUmbrella,
    explains: 'Positions live, and all of them are on leave.',
  },
  ended: { label: 'Ended', tone: 'neutral', icon: IconDoorExit, explains: 'No position lives or is to come.' },
}

export const planStates: Record<string, StateWords> = {
  computing: {
    label: 'Computing',
    tone: 'info',
    icon: IconLoader,
    explains: 'Sources and systems are being read and compared.',
  },
  empty: { label: 'Nothing to change', tone: 'neutral', icon: IconMinus, explains: 'Everything agrees.' },
  open: { label: 'Waits for approval', tone: 'info', icon: IconEye, explains: 'Nothing is written until you approve.' },
  held: {
    label: 'Held',
    tone: 'warn',
    icon: IconHandStop,
    explains: 'A brake or a finding holds part of it until released.',
  },
  approved: { label: 'Approved', tone: 'info', icon: IconClock, explains: 'Waits for a worker.' },
  applying: {
    label: 'Applying',
    tone: 'info',
    icon: IconLoader,
    explains: 'Changes are being carried out and read back.',
  },
  stopped: {
    label: 'Stopped',
    tone: 'warn',
    icon: IconPlayerPause,
    explains: 'Stopped between two changes. It can be resumed.',
  },
  applied: { label: 'Applied', tone: 'good', icon: IconCheck, explains: 'It is over: every change has its result.' },
  superseded: { label: 'Superseded', tone: 'neutral', icon: IconReplace, explains: 'A newer plan took its place.' },
  failed: { label: 'Failed', tone: 'bad', icon: IconX, explains: 'It could not be computed.' },
  forecast: {
    label: 'Forecast',
    tone: 'info',
    icon: IconCalendarTime,
    explains: 'What would be at an instant to come. It is never carried out.',
  },
}

export const changeStates: Record<string, StateWords> = {
  planned: {
    label: 'Planned',
    tone: 'neutral',
    icon: IconCircle,
    explains: 'Part of a plan that nobody approved yet.',
  },
  observed: {
    label: 'Observed',
    tone: 'neutral',
    icon: IconEye,
    explains: 'The system or job is in observe: shown, never carried out.',
  },
  held: { label: 'Held', tone: 'warn', icon: IconHandStop, explains: 'A brake or a finding holds it.' },
  waiting: { label: 'Waiting', tone: 'info', icon: IconClock, explains: 'Approved, not begun.' },
  running: { label: 'Running', tone: 'info', icon: IconLoader, explains: 'A worker is at it.' },
  done: { label: 'Done', tone: 'good', icon: IconCheck, explains: 'Seen in the system as planned.' },
  refused: {
    label: 'Refused',
    tone: 'warn',
    icon: IconReplace,
    explains: 'Recomputed, it differs; it is planned anew.',
  },
  again: { label: 'Trying again', tone: 'warn', icon: IconRefresh, explains: 'The system failed for now.' },
  stuck: {
    label: 'Stuck',
    tone: 'bad',
    icon: IconAlertTriangle,
    explains: 'The system refused for good; a person must look.',
  },
  skipped: {
    label: 'Skipped',
    tone: 'neutral',
    icon: IconMinus,
    explains: 'Something that it depends on did not happen, or a newer plan took its place.',
  },
}

export const methods: Record<string, StateWords> = {
  observe: {
    label: 'Observe',
    tone: 'neutral',
    icon: IconEye,
    explains: 'Read and plan only. Nothing is ever written.',
  },
  manual: { label: 'Manual', tone: 'neutral', icon: IconHandStop, explains: 'A person carries it out; Usher checks.' },
  approve: { label: 'Approve', tone: 'info', icon: IconCheck, explains: 'A plan waits until an operator approves it.' },
  automatic: {
    label: 'Automatic',
    tone: 'good',
    icon: IconRefresh,
    explains: 'Applied by itself, unless a brake holds it.',
  },
}

export const systemStates: Record<string, StateWords> = {
  unknown: { label: 'Never read', tone: 'neutral', icon: IconCircleDashed, explains: 'It has not been read yet.' },
  fine: { label: 'Fine', tone: 'good', icon: IconCheck, explains: 'The last read was complete.' },
  reading: { label: 'Reading', tone: 'info', icon: IconLoader, explains: 'It is being read now.' },
  wrong: {
    label: 'Needs a look',
    tone: 'bad',
    icon: IconAlertTriangle,
    explains: 'The last read was not complete, or something is wrong.',
  },
}

export const leaverStates: Record<string, StateWords> = {
  running: {
    label: 'Not gone yet',
    tone: 'warn',
    icon: IconClock,
    explains: 'Something is still there in some system.',
  },
  gone: { label: 'Gone', tone: 'good', icon: IconCheck, explains: 'Seen gone in every system that Usher manages.' },
  returned: { label: 'Back', tone: 'neutral', icon: IconReplace, explains: 'The person came back, or the end was lifted.' },
}

export const leaverSystemStates: Record<string, StateWords> = {
  'to-do': { label: 'Still there', tone: 'warn', icon: IconClock, explains: 'Something is still to be taken away.' },
  waits: { label: 'Waits for approval', tone: 'warn', icon: IconHandStop, explains: 'This system asks for approval of leavers.' },
  unmanaged: { label: 'Not managed here', tone: 'neutral', icon: IconEye, explains: 'Usher may not take anything away here.' },
  gone: { label: 'Gone', tone: 'good', icon: IconCheck, explains: 'Read back: disabled, and nothing that Usher gave is left.' },
}

export const leaverCauses: Record<string, string> = {
  hand: 'Ended by hand',
  date: 'The end date came',
  source: 'Their source ended them',
}

export const severities: Record<string, StateWords> = {
  info: { label: 'Note', tone: 'info', icon: IconCircleDashed },
  warning: { label: 'Warning', tone: 'warn', icon: IconAlertTriangle },
  error: { label: 'Error', tone: 'bad', icon: IconX },
}

export function stateWords(table: Record<string, StateWords>, state: string): StateWords {
  return table[state] ?? { label: state, tone: 'neutral', icon: IconCircle }
}

const causes: Record<string, string> = {
  'asked for': 'Somebody asked for it',
  'asked for one person': 'Somebody asked for this person',
  schedule: 'Its schedule',
  calendar: 'A date came',
  expiry: 'Access begins or ends',
  grant: 'Access was given by hand',
  'reason ended': 'Access was ended by hand',
  'reason changed': 'The end of access was moved',
  'exception ended': 'An exception ended',
  'put back': 'Drift is put back',
  undo: 'Another plan is undone',
  leaver: 'Somebody leaves',
  'end lifted': 'An end was lifted',
  returned: 'Somebody who had left is back',
  'case decided': 'A case was decided',
  'linked by hand': 'An account was linked',
  refused: 'Another plan was refused in part',
}

/** Why a plan was made. */
export function causeWords(cause: string): string {
  return causes[cause] ?? cause
}
