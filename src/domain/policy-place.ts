/** Where in a YAML text something stands: line and column of a path, also inside of an expression. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Scalar } from 'yaml'

export interface Place {
  line: number
  column: number
}

export interface YamlFile {
  text: string
  document: Document.Parsed
  lines: LineCounter
}

export function readYaml(text: string): YamlFile {
  const lines = new LineCounter()
  return { text, lines, document: parseDocument(text, { lineCounter: lines, prettyErrors: false, keepSourceTokens: true }) }
}

/** The place of a path; of its nearest parent where it is missing. A last key that is not known is shown at the key. */
export function placeOf(file: YamlFile, path: (string | number)[], within?: Place): Place {
  let node: unknown = file.document.contents
  let offset = offsetOf(node) ?? 0
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      if (pair === undefined) return at(file, offset)
      offset = offsetOf(pair.value) ?? offsetOf(pair.key) ?? offset
      // Lists and fields begin on the next line; their key is what people look for.
      if (isMap(pair.value) || isSeq(pair.value)) offset = offsetOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part]
      offset = offsetOf(node) ?? offset
    } else return at(file, offset)
  }
  return within !== undefined && isScalar(node) ? placeWithin(file, node, within) ?? at(file, offset) : at(file, offset)
}

/** The place of a key itself. */
export function placeOfKey(file: YamlFile, path: (string | number)[]): Place {
  const parent: unknown = path.length === 1 ? file.document.contents : file.document.getIn(path.slice(0, -1), true)
  const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(path.at(-1))) : undefined
  const offset = offsetOf(pair?.key)
  return offset === undefined ? placeOf(file, path) : at(file, offset)
}

function at(file: YamlFile, offset: number): Place {
  const { line, col } = file.lines.linePos(offset)
  return { line, column: col }
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

/** Goes through the written text and the value side by side: quotes, escapes and folded lines take more room than what they mean. */
function placeWithin(file: YamlFile, scalar: Scalar, within: Place): Place | null {
  const { range, type } = scalar
  if (!range || typeof scalar.value !== 'string') return null
  const wanted = scalar.value.split('\n').slice(0, within.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + within.column - 1
  const { text } = file
  let raw = range[0]
  let indent = Infinity
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') {
    raw = text.indexOf('\n', raw) + 1
    indent = /^ */.exec(text.slice(raw))![0].length
    raw += indent
  } else if (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') raw++
  for (let read = 0; read < wanted && raw < range[1]; read++) {
    if (text[raw] === '\n' || text[raw] === '\r') {
      raw = text.indexOf('\n', raw) + 1
      for (let spaces = 0; spaces < indent && text[raw] === ' '; spaces++) raw++
    } else if (type === 'QUOTE_SINGLE' && text.startsWith('\'\'', raw)) raw += 2
    else if (type === 'QUOTE_DOUBLE' && text[raw] === '\\') raw += { x: 4, u: 6, U: 10 }[text[raw + 1]!] ?? 2
    else raw++
  }
  return at(file, raw)
}
