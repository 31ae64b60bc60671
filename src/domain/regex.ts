/**
 * Runs regular expressions in time linear in the text, whatever the pattern: all ways through the pattern are followed
 * side by side (Thompson, Pike), so there is nothing to backtrack. Where the pattern is so simple and the text so short
 * that backtracking is bounded by a small number of steps, the platform's own engine, which is faster, does the same.
 */
import { isWord, parseRegex, type Program } from './regex-parse.ts'

export interface Regex {
  test(text: string): boolean
  /** Replaces every match; `$1` and `$0` in the replacement stand for a group and the whole match, `$$` for `$`. */
  replace(text: string, replacement: string): string
}

const stepsMax = 200_000

export function compileRegex(pattern: string): Regex {
  const program = parseRegex(pattern)
  const native = program.cost && nativeRegex(pattern)
  if (native === null || program.cost === null) return linear(program)
  const { ways, degree } = program.cost
  const lengthMax = degree === 0 ? (ways <= stepsMax ? Infinity : 0) : Math.floor((stepsMax / ways) ** (1 / degree))
  const slow = linear(program)
  return {
    test(text) {
      if (text.length > lengthMax) return slow.test(text)
      native.lastIndex = 0
      return native.test(text)
    },
    replace(text, replacement) {
      if (text.length > lengthMax) return slow.replace(text, replacement)
      if (!replacement.includes('$')) return text.replace(native, replacement)
      return text.replace(native, (...args: unknown[]) => fill(replacement, args.slice(0, program.groups) as (string | undefined)[]))
    },
  }
}

/** Always the linear way. */
export function linear(program: Program): Regex {
  return {
    test: (text) => find(program, text, 0, true) !== null,
    replace(text, replacement) {
      let result = ''
      let from = 0
      for (let at = 0; at <= text.length;) {
        const match = find(program, text, at, false)
        if (match === null) break
        const [start, end] = [match[0]!, match[1]!]
        const groups = Array.from({ length: program.groups }, (_, i) => (match[i * 2]! < 0 ? undefined : text.slice(match[i * 2], match[i * 2 + 1])))
        result += text.slice(from, start) + fill(replacement, groups)
        from = end
        at = end > start ? end : end + width(text, end)
      }
      return result + text.slice(from)
    },
  }
}

/** Null where the platform writes the pattern otherwise. Ignoring case is left to the one engine, so that it means one thing. */
function nativeRegex(pattern: string): RegExp | null {
  if (/^\(\?[is]+\)|\(\?P|\\x\{/.test(pattern)) return null
  try {
    return new RegExp(pattern, 'gu')
  } catch {
    return null
  }
}

/** Ways through the pattern that wait at the same place of the text; an instruction is in it once, best way first. */
interface Threads {
  size: number
  at: Int32Array
  saves: Int32Array[]
  seen: Int32Array
}

/** The leftmost match from `from` on, as start and end per group (-1: not taken part). `anyMatch` stops at the first proof. */
function find(program: Program, text: string, from: number, anyMatch: boolean): Int32Array | null {
  const { instructions, groups } = program
  const make = (): Threads =>
    ({ size: 0, at: new Int32Array(instructions.length), saves: [], seen: new Int32Array(instructions.length).fill(-1) })
  let [now, next] = [make(), make()]
  let best: Int32Array | null = null
  const fresh = new Int32Array(groups * 2).fill(-1)

  for (let position = from; ;) {
    if (best === null) add(now, 0, position, fresh)
    if (now.size === 0 && best !== null) return best
    const code = position < text.length ? text.codePointAt(position)! : -1
    const after = position + (code > 0xffff ? 2 : 1)
    next.size = 0
    for (let i = 0; i < now.size; i++) {
      const instruction = instructions[now.at[i]!]!
      if (instruction.op === 'match') {
        best = now.saves[i]!
        if (anyMatch) return best
        break
      }
      if (code >= 0 && instruction.op === 'char' && instruction.test(code)) add(next, now.at[i]! + 1, after, now.saves[i]!)
    }
    if (code < 0) return best
    ;[now, next] = [next, now]
    position = after
  }

  /** Follows what takes no character. An explicit stack, because patterns may be long. */
  function add(threads: Threads, first: number, position: number, firstSaves: Int32Array): void {
    const stack: [number, Int32Array][] = [[first, firstSaves]]
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [at, saves] = top
      if (threads.seen[at] === position) continue
      threads.seen[at] = position
      const instruction = instructions[at]!
      if (instruction.op === 'jump') stack.push([instruction.to, saves])
      else if (instruction.op === 'split') stack.push([instruction.second, saves], [instruction.first, saves])
      else if (instruction.op === 'save') {
        const changed = saves.slice()
        changed[instruction.slot] = position
        stack.push([at + 1, changed])
      } else if (instruction.op === 'assert') {
        if (holds(instruction.at, text, position)) stack.push([at + 1, saves])
      } else {
        threads.at[threads.size] = at
        threads.saves[threads.size++] = saves
      }
    }
  }
}

function holds(assertion: 'start' | 'end' | 'boundary' | 'no-boundary', text: string, position: number): boolean {
  if (assertion === 'start') return position === 0
  if (assertion === 'end') return position === text.length
  const before = position > 0 && isWord(text.charCodeAt(position - 1))
  const after = position < text.length && isWord(text.charCodeAt(position))
  return (before !== after) === (assertion === 'boundary')
}

const width = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)

function fill(replacement: string, groups: (string | undefined)[]): string {
  return replacement.replace(/\$(\$|\d)/g, (whole, what: string) => {
    if (what === '$') return '$'
    return Number(what) < groups.length ? groups[Number(what)] ?? '' : whole
  })
}
