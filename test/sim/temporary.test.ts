/** What the engine says about temporary tables suits tables that are there already; what it says about others stays. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onKeptTables } from './temporary.ts'

test('a temporary table is made where it is not there, and empty', () => {
  assert.deepEqual(onKeptTables('drop table if exists pg_temp.one; create temp table one (id int) on commit drop'), ['create temp table if not exists one (id int);delete from one'])
  assert.deepEqual(onKeptTables('create temp table two on commit drop as\n select $1::int as id'), [
    'create temp table if not exists two as select $1::int as id with no data', 'with old as (delete from two) insert into two select $1::int as id',
  ])
})

test('few rows need no index, are not counted, and are deleted', () => {
  onKeptTables('create temp table three (id int) on commit drop')
  assert.deepEqual(onKeptTables('create index on three (id); analyze three'), [])
  assert.deepEqual(onKeptTables('truncate three'), ['delete from three'])
  assert.deepEqual(onKeptTables('drop table three'), [])
})

test('any other table is left as it is', () => {
  for (const text of ['drop table snapshot_record_1', 'analyze person (id)', 'create index on record (key)', 'truncate person', 'create table four (id int)']) assert.deepEqual(onKeptTables(text), [text])
})
