/** A real Chromium, signed in to a real Usher. Things are found by role and label, as somebody with a screen reader finds them. */
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import type { TestUsher } from '../servers/usher.ts'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: '/usr/bin/chromium', args })

type Role = 'administrator' | 'operator' | 'helpdesk' | 'auditor'

/** Adds a user and lets them choose their password in the browser, with the one-time link; they are signed in afterwards. */
export async function newUser(usher: TestUsher, context: BrowserContext, name: string, role: Role): Promise<Page> {
  const email = `${name.toLowerCase().replace(/\W+/g, '.')}@example.org`
  const { data } = await usher.api.POST('/api/users', { body: { name, email, role } })
  assert.ok(data)
  const page = await context.newPage()
  await page.goto(`${usher.url}${new URL(data.link.url).pathname}${new URL(data.link.url).search}`)
  await page.getByRole('textbox', { name: 'Password' }).fill('a long enough password')
  await page.getByRole('button', { name: 'Set password and sign in' }).click()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  return page
}

/** What no page may do: shut somebody out, or scroll sideways. */
export async function assertSound(page: Page, where: string, rules?: string[]): Promise<void> {
  await settle(page)
  const axe = new AxeBuilder({ page })
  const { violations } = await (
    rules === undefined ? axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']) : axe.withRules(rules)
  ).analyze()
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
  assert.deepEqual(
    serious.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`),
    [],
  )
  assert.equal(await sidewaysPixels(page), 0, `${where} scrolls sideways`)
}

/** Waits for what still fades in or changes its colour; what turns for ever is not waited for. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(`Promise.allSettled(document.getAnimations()
    .filter((animation) => Number.isFinite(animation.effect.getComputedTiming().endTime))
    .map((animation) => animation.finished))`)
}

/** How many pixels wider than the window the page is. */
export async function sidewaysPixels(page: Page): Promise<number> {
  return Number(
    await page.evaluate('Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)'),
  )
}

/** Errors of the page's scripts and of the console, as they come. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  return errors
}
