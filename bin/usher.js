#!/usr/bin/env node
// Starts the command line with the Node that Usher brings, whatever the machine's own is.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const own = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const run = spawnSync(existsSync(own) ? own : process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
process.exitCode = run.status ?? 1
