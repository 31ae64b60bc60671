import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { afterDay, standing, startOfDay, type Position } from './person.ts'

const zones = ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kathmandu']
const date = fc.integer({ min: 0, max: 20_000 }).map((days) => Temporal.PlainDate.from('1990-01-01').add({ days }).toString())

test('what is remembered of the calendar is what the calendar says', () => {
  fc.assert(fc.property(date, fc.constantFrom(...zones), (day, zone) => {
    const plain = Temporal.PlainDate.from(day)
    const expected = [plain, plain.add({ days: 1 })].map((d) => d.toZonedDateTime(zone).toInstant().toString())
    for (const _ of [1, 2]) assert.deepEqual([startOfDay(day, zone), afterDay(day, zone)], expected)
  }))
})

test('the state follows from the dates: a naive look at the local day says the same', () => {
  const position = fc.record({ start: date, end: date, leaveFrom: date, leaveUntil: date }, { requiredKeys: [] })
  fc.assert(fc.property(fc.array(position, { maxLength: 3 }), date, fc.constantFrom(...zones), (dates, today, zone) => {
    const positions: Position[] = dates.map((d, i) => ({ key: String(i), job: 'hr', attributes: {}, ...d }))
    const noon = Temporal.PlainDate.from(today).toZonedDateTime({ timeZone: zone, plainTime: '12:00' }).toInstant().toString()
    const lives = dates.filter((d) => (d.start ?? '') <= today && today <= (d.end ?? '9'))
    const away = lives.filter((d) => d.leaveFrom !== undefined && d.leaveFrom <= today && today <= (d.leaveUntil ?? '9'))
    const later = dates.some((d) => d.start !== undefined && d.start > today && d.start <= (d.end ?? '9'))
    const expected = lives.length > away.length ? 'active' : lives.length > 0 ? 'on-leave' : later ? 'before-start' : 'ended'
    assert.equal(standing(positions, noon, zone).state, expected)
  }))
})
