/** The rules about the shape of the code: each takes files and answers what is wrong, so that the rules can be tried themselves. */
import path from 'node:path'

/** Path in the repository → text. */
export type Files = Record<string, string>

/** Packages without I/O, clock or randomness that domain/ may use. */
const pure = ['@marcbachmann/cel-js', 'zod', 'yaml']

/** What each folder of src/ may import, besides itself. */
const mayImport: Record<string, string[]> = {
  domain: [],
  connectors: ['domain'],
  store: ['domain'],
  engine: ['domain', 'store', 'connectors/connector.ts'],
  api: ['domain', 'store', 'engine', 'connectors/connector.ts'],
  cli: ['domain', '../client'],
}

/** Whose types, and nothing more, may be named where the module itself may not be imported. */
const mayName: Record<string, string[]> = {
  store: ['connectors/connector.ts'],
}

/** What reaches for the world, and what to use instead. */
const banned: [word: RegExp, instead: string][] = [
  [/\bDate\.now\b/, 'take the instant as an argument'],
  [/\bnew Date\(\s*\)/, 'take the instant as an argument'],
  [/\bTemporal\.Now\b/, 'take the instant as an argument'],
  [/\bMath\.random\b/, 'take the value as an argument'],
  [/\bcrypto\.(randomUUID|getRandomValues)\b/, 'take the value as an argument'],
  [/\bprocess\.\w/, 'take the setting as an argument'],
  [/\bfetch\(/, 'let a connector or the engine call'],
  [/\b(setTimeout|setInterval|setImmediate)\(/, 'let the engine wait'],
  [/\bconsole\.\w/, 'answer a value'],
]

const leftOvers: [word: RegExp, name: string][] = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, 'a left-over'],
  [/@ts-(ignore|nocheck)\b/, 'a type error that is hidden'],
  // A type stands right behind its colon's name; in `a ? b : any` and in SQL the word is another.
  [/\bas any\b(?!`)|[\w)\]?]: any(?=[\s,;)=|}[])|<any[,>]|\bany\[\]/, 'any'],
  [/\b(eslint|biome)-(disable|ignore)\b/, 'a rule that is switched off'],
]

const switchedOff = /\b(test|it|describe|suite)\.(only|skip|todo)\(|\{\s*(only|skip|todo):\s*true\b/

export const longestFile = 400

/** Imports point inward; connectors do not see each other; domain/ is free of I/O. */
export function importsOutward(files: Files): string[] {
  const wrong: string[] = []
  for (const [file, text] of Object.entries(files)) {
    const [top, area = '', own = ''] = file.split('/')
    for (const { to, typesOnly } of importsOf(text)) {
      if (!to.startsWith('.')) {
        if (top === 'src' && area === 'domain' && !isTest(file) && !pure.includes(to)) {
          wrong.push(`${file}: domain/ is free of I/O and imports ${to}`)
        }
        continue
      }
      const target = path.posix.join(path.posix.dirname(file), to)
      if (top === 'web' && !isBelow(target, ['web', 'client'])) wrong.push(`${file}: imports ${target}`)
      const allowed = mayImport[area]
      if (top !== 'src' || allowed === undefined) continue
      const inSource = path.posix.relative('src', target)
      const neighbour = area === 'connectors' && inSource.startsWith('connectors/')
        && ![own, 'connector.ts'].includes(inSource.split('/')[1] ?? '')
      const named = typesOnly ? mayName[area] ?? [] : []
      if (!isBelow(inSource, [area, ...allowed, ...named]) || neighbour) wrong.push(`${file}: imports ${inSource}`)
    }
  }
  return wrong
}

/** domain/ gets time, randomness and settings as arguments. */
export function worldInDomain(files: Files): string[] {
  return Object.entries(files).filter(([file]) => file.startsWith('src/domain/') && !isTest(file)).flatMap(([file, text]) => {
    const code = withoutComments(text)
    return banned.flatMap(([word, instead]) => {
      const found = word.exec(code)
      return found ? [`${file}: ${found[0]} (${instead})`] : []
    })
  })
}

export function leftOversIn(files: Files): string[] {
  return Object.entries(files).flatMap(([file, text]) =>
    leftOvers.flatMap(([word, name]) => (word.test(text) ? [`${file}: ${name}, line ${lineOf(text, word)}`] : [])))
}

export function testsSwitchedOff(files: Files): string[] {
  return Object.entries(files)
    .filter(([file, text]) => isTest(file) && switchedOff.test(text))
    .map(([file, text]) => `${file}: line ${lineOf(text, switchedOff)}`)
}

export function tooLong(files: Files): string[] {
  return Object.entries(files)
    .filter(([file, text]) => !isTest(file) && text.split('\n').length > longestFile + 1)
    .map(([file, text]) => `${file}: ${text.split('\n').length - 1} lines; is it still one idea?`)
}

/** Every operation of the API description says what it does. */
export function routesWithoutWords(description: { paths: Record<string, Record<string, { summary?: string }>> }): string[] {
  return Object.entries(description.paths).flatMap(([route, operations]) =>
    Object.entries(operations).filter(([, operation]) => !operation.summary).map(([verb]) => `${verb.toUpperCase()} ${route}`))
}

function importsOf(text: string): { to: string; typesOnly: boolean }[] {
  const statements = text.matchAll(/(?:^(import|export) (type )?[^'"]*?\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"\n]+)['"]/gm)
  return [...statements].map(([, , types, to]) => ({ to: to ?? '', typesOnly: types !== undefined }))
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$/.test(file)
}

function isBelow(target: string, folders: string[]): boolean {
  return folders.some((folder) => target === folder || target.startsWith(`${folder}/`))
}

/** Comments may speak of processes and dates. A `//` inside a text is left alone where a colon precedes it, as in a URL. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
}

function lineOf(text: string, word: RegExp): number {
  return text.slice(0, word.exec(text)?.index ?? 0).split('\n').length
}
