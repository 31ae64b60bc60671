/**
 * Loaded before each test file: after its time, the process ends, and with it the servers that it started. The test runner
 * gives up waiting for a test, and then waits for ever for a process that something still keeps alive.
 */
import process from 'node:process'

const fileMsMax = Number(process.env['TEST_FILE_MS_MAX'])
setTimeout(() => {
  console.error(`${process.argv[1]}: ended after ${fileMsMax / 1000} s.`)
  process.exit(1)
}, fileMsMax).unref()
