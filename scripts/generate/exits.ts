import { exits } from '../../src/cli/exit.ts'
import type { Generator } from '../generate.ts'

/** `docs/reference/exit-codes.md`: what `usher` ends with. */
export const exitsPage: Generator = {
  name: 'exit codes',
  files: () => ({
    'docs/reference/exit-codes.md': [
      '# Exit codes',
      '',
      'Generated from `src/cli/exit.ts` by `npm run generate`. They are stable; scripts may rely on them.',
      '',
      '| exit code | meaning |',
      '|---|---|',
      ...Object.values(exits).map(({ code, means }) => `| ${code} | ${means} |`),
      '',
    ].join('\n'),
  }),
}
