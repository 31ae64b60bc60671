/**
 * Turns the syntax tree of an expression into plain functions. The CEL package parses; evaluating is done here, because
 * expressions run over millions of cells, values may be missing everywhere, and numbers are plain numbers. A test holds
 * the results against the package's own evaluator.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { applied, suggestion } from './expression-apply.ts'
import { callables } from './expression-functions.ts'
import { Wrong, type Compiled, type Frame, type Part, type Read, type Run } from './expression-node.ts'
import { binary, kindOf, name as kindName, negative, wholeDivision } from './expression-operators.ts'
import { access, isList, text, truth, Unfit, type Kind } from './expression-value.ts'

interface Scope {
  kind: 'row' | 'person'
  /** Variables that `exists`, `map` and the like name, each with its place. */
  variables: Map<string, { slot: number; positions?: 'one' }>
  slots: unknown[]
}

export function compileTree(tree: ASTNode, kind: 'row' | 'person'): Compiled {
  return node(tree, { kind, variables: new Map(), slots: [] })
}

function node(tree: ASTNode, scope: Scope): Compiled {
  const at = { start: tree.start, end: tree.end }
  switch (tree.op) {
    case 'value': return { ...at, ...literal(tree.args, tree.start) }
    case 'id': return { ...at, ...variable(tree.args, scope, tree.start) }
    case '.': return { ...at, ...field(tree.args[0], tree.args[1], scope, tree.start) }
    case '[]': return { ...at, ...indexed(tree.args[0], tree.args[1], scope) }
    case '?:': return { ...at, ...choice(tree.args.map((part) => node(part, scope)) as [Compiled, Compiled, Compiled]) }
    case '&&': case '||': return { ...at, ...logic(tree.op, operands(tree, tree.op).map((part) => node(part, scope))) }
    case '!_': return { ...at, ...not(node(tree.args, scope)) }
    case '-_': return { ...at, ...minus(node(tree.args, scope)) }
    case 'list': return { ...at, ...listOf(tree.args.map((item) => node(item, scope))) }
    case 'map': return { ...at, ...mapOf(tree.args.map(([key, value]) => [node(key, scope), node(value, scope)])) }
    case 'call': return { ...at, ...call(tree.args[0], tree.args[1], scope, tree.start) }
    case 'rcall': return { ...at, ...method(tree.args[0], tree.args[1], tree.args[2], scope, tree.start) }
    case '.?': case '[?]': throw new Wrong('Leave the ? away: what is missing is null.', tree.start)
    default: return { ...at, ...operator(tree.op, node(tree.args[0], scope), node(tree.args[1], scope)) }
  }
}

function constant(value: unknown, kind: Kind): Part {
  return { run: () => value, kind, reads: [], constant: { value } }
}

function literal(value: unknown, at: number): Part {
  if (value === null) return constant(null, 'null')
  if (typeof value === 'string') return { ...constant(value, 'text'), texts: [value] }
  if (typeof value === 'boolean') return constant(value, 'boolean')
  if (typeof value === 'number') return constant(value, 'number')
  if (typeof value === 'bigint') {
    if (!Number.isSafeInteger(Number(value))) throw new Wrong('A number this large must be written as text, in quotes.', at)
    return constant(Number(value), 'int')
  }
  throw new Wrong('Bytes and unsigned numbers are not offered.', at)
}

const readable: Record<Scope['kind'], string[]> = { row: ['row'], person: ['person', 'position'] }

function variable(name: string, scope: Scope, at: number): Part {
  const own = scope.variables.get(name)
  if (own !== undefined) {
    const { slots } = scope
    return { run: () => slots[own.slot], kind: 'any', reads: [], ...(own.positions === undefined ? {} : { positions: own.positions }) }
  }
  if (name === 'positions' && scope.kind === 'person') return { run: (frame) => frame.positions, kind: 'list', reads: [], positions: 'many' }
  if (readable[scope.kind].includes(name)) {
    throw new Wrong(name === 'row' ? 'Name a column: row["Column"].' : `Name an attribute: ${name}.email.`, at)
  }
  if (callables.has(name)) throw new Wrong(`"${name}" is a function: write ${name}(…).`, at)
  const offered = [...readable[scope.kind], ...(scope.kind === 'person' ? ['positions'] : []), ...scope.variables.keys()]
  throw new Wrong(`There is no variable "${name}" here; there is ${offered.join(', ')}. Text goes in quotes.`, at)
}

function field(from: ASTNode, name: string, scope: Scope, at: number): Part {
  if (from.op === 'id' && !scope.variables.has(from.args) && readable[scope.kind].includes(from.args)) return read(from.args, name)
  const object = node(from, scope)
  if (object.reads.length > 0 && object.positions === undefined && (from.op === '.' || from.op === '[]')) {
    throw new Wrong(`An attribute is a single value; it has no part "${name}".`, at)
  }
  if (object.kind !== 'any' && object.kind !== 'map' && object.kind !== 'null') throw new Wrong(`There is no "${name}" in ${kindName(object.kind)}.`, at)
  const { run } = object
  const reads = object.positions === 'one' ? [...object.reads, { variable: 'position' as const, name, each: true as const }] : object.reads
  return { run: (frame) => access(run(frame), name), kind: 'any', reads }
}

function indexed(from: ASTNode, key: ASTNode, scope: Scope): Part {
  if (from.op === 'id' && !scope.variables.has(from.args) && readable[scope.kind].includes(from.args)) {
    if (key.op !== 'value' || typeof key.args !== 'string') throw new Wrong(`Name it in quotes: ${from.args}["…"].`, key.start)
    return read(from.args, key.args)
  }
  if (key.op === 'value' && typeof key.args === 'string') return field(from, key.args, scope, key.start)
  const [object, index] = [node(from, scope), node(key, scope)]
  if (!['any', 'list', 'map', 'null'].includes(object.kind)) throw new Wrong(`There are no items in ${kindName(object.kind)}.`, key.start)
  const { run } = object
  const position = index.run
  return {
    run: (frame) => access(run(frame), position(frame)), kind: 'any', reads: [...object.reads, ...index.reads],
    ...(object.positions === 'many' ? { positions: 'one' } : {}),
  }
}

/** The plain read of a cell or attribute: by far the most frequent thing that an expression does. */
function read(variable: string, name: string): Part {
  const reads = [{ variable: variable as Read['variable'], name }]
  const key = variable as 'row' | 'person' | 'position'
  if (name in Object.prototype) {
    return { run: (frame) => (Object.hasOwn(frame[key], name) ? frame[key][name] ?? null : null), kind: 'any', reads }
  }
  const run: Run = key === 'row' ? (frame) => frame.row[name] ?? null
    : key === 'person' ? (frame) => frame.person[name] ?? null : (frame) => frame.position[name] ?? null
  return { run, kind: 'any', reads, texts: reads }
}

function choice([condition, yes, no]: [Compiled, Compiled, Compiled]): Part {
  needsCondition(condition)
  const [test, then, otherwise] = [condition.run, yes.run, no.run]
  const kind = yes.kind === no.kind ? yes.kind : yes.kind === 'null' ? no.kind : no.kind === 'null' ? yes.kind : 'any'
  const positions = yes.positions !== undefined && yes.positions === no.positions ? { positions: yes.positions } : {}
  return { run: (frame) => (truth(test(frame)) ? then(frame) : otherwise(frame)), kind, reads: [condition, yes, no].flatMap((part) => part.reads), ...positions }
}

/** `a && b && c` as one list, so that a trace shows three conditions and not a ladder. */
function operands(tree: ASTNode, operator: '&&' | '||'): ASTNode[] {
  return tree.op === operator ? (tree.args as [ASTNode, ASTNode]).flatMap((part) => operands(part, operator)) : [tree]
}

/** As in CEL, an error counts only if no other part decides. */
function logic(operator: '&&' | '||', parts: Compiled[]): Part {
  parts.forEach(needsCondition)
  const runs = parts.map((part) => part.run)
  const decides = operator === '||'
  const run: Run = (frame) => {
    let failed: Unfit | undefined
    for (const part of runs) {
      try {
        if (truth(part(frame)) === decides) return decides
      } catch (error) {
        if (!(error instanceof Unfit)) throw error
        failed ??= error
      }
    }
    if (failed !== undefined) throw failed
    return !decides
  }
  return { run, kind: 'boolean', reads: parts.flatMap((part) => part.reads), logic: { operator, parts } }
}

function not(part: Compiled): Part {
  needsCondition(part)
  const { run } = part
  return { run: (frame) => !truth(run(frame)), kind: 'boolean', reads: part.reads }
}

function minus(part: Compiled): Part {
  const { run, kind } = part
  if (!['int', 'number', 'any', 'null'].includes(kind)) throw new Wrong(`"-" needs a number, this is ${kindName(kind)}.`, part.start)
  if (typeof part.constant?.value === 'number') return constant(-part.constant.value, kind)
  return { run: (frame) => negative(run(frame)), kind, reads: part.reads }
}

function listOf(items: Compiled[]): Part {
  const reads = items.flatMap((item) => item.reads)
  if (items.every((item) => item.constant !== undefined)) return constant(items.map((item) => item.constant?.value), 'list')
  const runs = items.map((item) => item.run)
  return { run: (frame) => runs.map((run) => run(frame)), kind: 'list', reads }
}

function mapOf(entries: [Compiled, Compiled][]): Part {
  if (entries.every(([key, value]) => key.constant !== undefined && value.constant !== undefined)) {
    return constant(new Map(entries.map(([key, value]) => [text(key.constant?.value), value.constant?.value])), 'map')
  }
  const runs = entries.map(([key, value]) => [key.run, value.run] as const)
  return {
    run: (frame) => new Map(runs.map(([key, value]) => [text(key(frame)), value(frame)])), kind: 'map',
    reads: entries.flatMap(([key, value]) => [...key.reads, ...value.reads]),
  }
}

function operator(symbol: string, left: Compiled, right: Compiled): Part {
  const kind = kindOf(symbol, left.kind, right.kind)
  if (typeof kind === 'object') throw new Wrong(`${kind.wrong}.`, left.start)
  const compute = symbol === '/' && kind === 'int' ? wholeDivision : binary[symbol]!
  const [a, b] = [left.run, right.run]
  const reads = [...left.reads, ...right.reads]
  if (symbol === '==' && right.constant !== undefined && !isList(right.constant.value)) {
    const { value } = right.constant
    if (value === null || typeof value !== 'object') return { run: (frame) => a(frame) === value, kind, reads }
  }
  const texts = symbol === '+' && left.texts !== undefined && right.texts !== undefined ? { texts: [...left.texts, ...right.texts] } : {}
  return { run: (frame) => compute(a(frame), b(frame)), kind, reads, ...texts }
}

function method(name: string, receiver: ASTNode, args: ASTNode[], scope: Scope, at: number): Part {
  if (name in macros && (args.length === 2 || (name === 'map' && args.length === 3))) return macro(name as keyof typeof macros, receiver, args, scope)
  return call(name, [receiver, ...args], scope, at)
}

function call(name: string, args: ASTNode[], scope: Scope, at: number): Part {
  const parts = args.map((arg) => node(arg, scope))
  if (name === 'now' && args.length === 0) return { run: (frame) => frame.now, kind: 'text', reads: [] }
  const callable = callables.get(name === 'has' ? 'isPresent' : name)
  if (callable === undefined) throw new Wrong(`There is no function "${name}".${suggestion(name)}`, at)
  return applied(callable, parts, at)
}

function needsCondition(part: Compiled): void {
  if (part.kind === 'boolean' || part.kind === 'any' || part.kind === 'null') return
  throw new Wrong(`A condition is needed that is true or false, this is ${kindName(part.kind)}.`, part.start)
}

type Each = (item: (value: unknown) => unknown, items: unknown[]) => unknown

const macros: Record<'exists' | 'all' | 'exists_one' | 'filter' | 'map', Each> = {
  exists: (met, items) => some(met, items, true),
  all: (met, items) => !some(met, items, false),
  exists_one: (met, items) => items.filter((item) => truth(met(item))).length === 1,
  filter: (met, items) => items.filter((item) => truth(met(item))),
  map: (made, items) => items.map(made),
}

/** Whether the condition is `wanted` for some item; an error counts only if no other item decides. */
function some(met: (value: unknown) => unknown, items: unknown[], wanted: boolean): boolean {
  let failed: Unfit | undefined
  for (const item of items) {
    try {
      if (truth(met(item)) === wanted) return true
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      failed ??= error
    }
  }
  if (failed !== undefined) throw failed
  return false
}

function macro(name: keyof typeof macros, receiver: ASTNode, args: ASTNode[], scope: Scope): Part {
  const source = node(receiver, scope)
  if (!['list', 'any', 'null'].includes(source.kind)) throw new Wrong(`.${name}() goes through a list, this is ${kindName(source.kind)}.`, source.start)
  const [named, ...rest] = args
  if (named?.op !== 'id') throw new Wrong(`.${name}() first names a variable: list.${name}(x, …).`, receiver.start)
  const slot = scope.slots.length
  scope.slots.push(null)
  const { slots } = scope
  const own = source.positions === 'many' ? { slot, positions: 'one' as const } : { slot }
  const inner: Scope = { ...scope, variables: new Map([...scope.variables, [named.args, own]]) }
  const parts = rest.map((arg) => node(arg, inner))
  const [first, second] = parts as [Compiled, Compiled?]
  if (name !== 'map' || second !== undefined) needsCondition(first)
  const each = macros[name]
  const iterate = (frame: Frame, all: Each, body: Compiled, items: unknown[]): unknown => {
    const before = slots[slot]
    try {
      return all((item) => {
        slots[slot] = item
        return body.run(frame)
      }, items)
    } finally {
      slots[slot] = before
    }
  }
  const run: Run = (frame) => {
    const value = source.run(frame)
    const items = value === null ? [] : isList(value) ? value : [value]
    if (second === undefined) return iterate(frame, each, first, items)
    return iterate(frame, macros.map, second, iterate(frame, macros.filter, first, items) as unknown[])
  }
  return {
    run, kind: name === 'filter' || name === 'map' ? 'list' : 'boolean', reads: [...source.reads, ...parts.flatMap((part) => part.reads)],
    ...(name === 'filter' && source.positions === 'many' ? { positions: 'many' } : {}),
  }
}
