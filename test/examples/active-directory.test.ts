// The whole road, as an administrator walks it: their own spreadsheet, a real domain controller with people already
// in it, everything through the command line. Two days, and what goes wrong in between.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import type { Schema } from '../../client/index.ts'
import { withServers } from '../servers/install.ts'
import { startSamba, type Samba } from '../servers/samba.ts'
import { startUsher, type TestUsher } from '../servers/usher.ts'

const header = 'Personalnummer;Vorname;Nachname;E-Mail;Abteilung;Ort;Vorgesetzter;Eintritt;Austritt'
const inDays = (days: number): string => Temporal.Now.plainDateISO('UTC').add({ days }).toString()

const dayOne = [
  header,
  'N100;Anna;Nowak;anna.nowak@corp.example;Sales;Berlin;N104;01.03.2020;',
  'N101;John;Smith;john.smith@corp.example;Sales;London;N100;2021-05-01;',
  'N102;John;Smith;john.smith2@corp.example;IT;Berlin;N100;2021-06-01;',
  'N103;Łukasz;Żółć;lukasz@corp.example;Sales;Warsaw;N999;15.02.2022;',
  'N104;Søren;"Ångström, Jr.";soren@corp.example;IT;Berlin;;01.01.2019;',
  `N105;Future;Starter;future@corp.example;Sales;Berlin;N100;${inDays(3)};`,
  'N106;Bad;Date;bad@corp.example;Sales;Berlin;N100;31.02.2021;',
  '',
].join('\n')

const dayTwo = dayOne
  .replace('john.smith@corp.example;Sales;London;N100', 'john.smith@corp.example;IT;Berlin;N104')
  .replace('15.02.2022;', `15.02.2022;${inDays(-2)}`)
  .replace('31.02.2021', '01.03.2021')

const seed = (base: string): string => `dn: OU=Staff,${base}
objectClass: organizationalUnit

dn: OU=Berlin,OU=Staff,${base}
objectClass: organizationalUnit

dn: OU=Groups,${base}
objectClass: organizationalUnit

dn: CN=Anna Nowak,OU=Staff,${base}
objectClass: user
sAMAccountName: anowak
userAccountControl: 544
employeeID: N100

dn: CN=Legacy Service,OU=Staff,${base}
objectClass: user
sAMAccountName: svc-legacy
userAccountControl: 544

dn: CN=Sales,OU=Groups,${base}
objectClass: group
sAMAccountName: Sales

dn: CN=Old Project,OU=Groups,${base}
objectClass: group
sAMAccountName: OldProject
member: CN=Anna Nowak,OU=Staff,${base}
`

const job = (base: string): string => `id: people-to-ad
name: People to Active Directory
source: people
destination: ad
objectType: user
match: [employeeID]
mapping:
  cn: unique([person.displayName, person.displayName + " {n}"])
  container: 'position.location == "Berlin" ? "OU=Berlin,OU=Staff,${base}" : "OU=Staff,${base}"'
  sAMAccountName: |
    unique([
      left(lower(ascii(person.givenName)), 1) + left(regexReplace(lower(ascii(person.surname)), "[^a-z0-9]", ""), 15),
      left(lower(ascii(person.givenName)), 1) + left(regexReplace(lower(ascii(person.surname)), "[^a-z0-9]", ""), 13) + "{n}"
    ])
  userPrincipalName: person.email
  givenName: person.givenName
  sn: person.surname
  displayName: person.displayName
  mail: person.email
  employeeID: person.employeeId
  department: position.department
  manager: person.manager
`

const peopleJob = `id: hr-to-people
name: HR to people
source: hr
destination: people
key: row["Personalnummer"]
mapping:
  employeeId: row["Personalnummer"]
  givenName: row["Vorname"]
  surname: row["Nachname"]
  displayName: row["Vorname"] + " " + row["Nachname"]
  email: lower(row["E-Mail"])
  manager: row["Vorgesetzter"]
position:
  start: date(row["Eintritt"], ["yyyy-MM-dd", "dd.MM.yyyy"])
  end: date(row["Austritt"], ["yyyy-MM-dd", "dd.MM.yyyy"])
  department: row["Abteilung"]
  location: row["Ort"]
`

withServers(['samba'], () => {
  test('a spreadsheet becomes real accounts in Active Directory, and changes with it', { timeout: 600_000 }, async (t) => {
    const samba = await startSamba()
    t.after(() => samba.stop())
    const base = samba.baseDn
    samba.tool('ldapadd', [], seed(base))
    const usher = await startUsher()
    t.after(() => usher.stop())
    const policy = path.join(usher.data, 'policy')
    const staff = path.join(usher.data, 'files', 'staff.csv')
    for (const folder of ['systems', 'jobs', 'roles', 'rules']) await mkdir(path.join(policy, folder), { recursive: true })
    await mkdir(path.dirname(staff), { recursive: true })
    await writeFile(staff, dayOne)
    const ad = (method: string): string => `id: ad\nname: Active Directory\nconnector: ldap\nmethod: ${method}\nconfig:\n  url: ${samba.url}\n  profile: active-directory\n`
      + `  bindDn: ${samba.bindDn}\n  password: ad-bind\n  base: ${base}\n  users: { base: 'OU=Staff,${base}' }\n  groups: { base: 'OU=Groups,${base}' }\n  tls: { ca: ${samba.ca} }\n`
    const file = (name: string, text: string): Promise<void> => writeFile(path.join(policy, name), text)
    await file('systems/hr.yaml', 'id: hr\nname: HR spreadsheet\nconnector: file\nconfig: { path: staff.csv }\n')
    await file('systems/ad.yaml', ad('observe'))
    await file('jobs/hr-to-people.yaml', peopleJob)
    await file('jobs/people-to-ad.yaml', job(base))
    await file('roles/sales.yaml', 'id: sales\nname: Sales\ngrants: [{ system: ad, entitlement: Sales }]\n')
    await file('rules/sales-staff.yaml', 'id: sales-staff\nname: Sales staff\nwhen: position.department == "Sales"\nroles: [sales]\n')
    const run = (args: string[], input?: string) => succeed(usher, args, input)
    const applyPolicy = () => run(['policy', 'apply', policy, '--yes'])

    await t.test('a wrong password is named, and nothing is planned for the system', async () => {
      await run(['secret', 'set', 'ad-bind'], 'not the password')
      await applyPolicy()
      const check = await usher.cli(['systems', 'check', 'ad'])
      assert.notEqual(check.code, 0)
      assert.match(check.stdout + check.stderr, /SYSTEM_SIGN_IN_FAILED|credentials/i)
      const plan = await newPlan(usher)
      assert.deepEqual(plan.changes.filter((c) => c.system.id === 'ad'), [])
    })

    await t.test('a new system is observed: the plan shows everything, and the directory is not written to', async () => {
      await run(['secret', 'set', 'ad-bind'], samba.password)
      const before = samba.writes()
      const plan = await newPlan(usher)
      assert.equal(plan.changes.filter((c) => c.system.id === 'ad' && c.kind === 'create' && c.state === 'observed').length, 5)
      assert.equal(samba.writes(), before)
    })

    await t.test('approved, every account is made, found, moved and read back', async () => {
      await file('systems/ad.yaml', ad('approve'))
      await applyPolicy()
      await newPlan(usher)
      await run(['plan', 'approve', '--yes'])
      const accounts = await accountsOf(usher)
      const named = (name: string): Account => accounts.find((a) => a.name.startsWith(`CN=${name},`))!
      assert.equal(named('Anna Nowak').name, `CN=Anna Nowak,OU=Berlin,OU=Staff,${base}`, 'linked by employeeID and moved')
      assert.ok(named('John Smith').enabled && named('John Smith 2').enabled, 'two John Smiths')
      assert.ok(accounts.some((a) => a.name.includes('Ångström\\, Jr.')), 'a comma in a name')
      assert.equal(named('Future Starter').enabled, false, 'made before the start, disabled')
      assert.equal(named('Legacy Service').person, null, 'nobody\'s record is untouched')
      assert.equal(accounts.length, 7)
      const john = samba.tool('ldapsearch', ['-b', base, '(employeeID=N101)', 'manager', 'memberOf'])
      assert.match(john, /manager: CN=Anna Nowak,OU=Berlin/)
      assert.match(john, /memberOf: CN=Sales/)
      assert.match(samba.tool('ldapsearch', ['-b', base, '(employeeID=N100)', 'memberOf']), /CN=Old Project/, 'what was found stays')
    })

    await t.test('a second plan is empty', async () => {
      assert.deepEqual((await newPlan(usher)).changes, [])
    })

    await t.test('it can say why, down to the cell, and why not', async () => {
      const why = await run(['people', 'why', 'anna.nowak@corp.example'])
      assert.match(why, /Sales staff/)
      assert.match(why, /staff\.csv!E2/)
      assert.match(why, /was there when Usher linked/)
      assert.match(await run(['people', 'why-not', 'john.smith2@corp.example', '--role', 'sales']), /position\.department == "Sales"[\s\S]*IT/)
    })

    await t.test('a file that is cut, empty or gone ends nobody', async () => {
      const whole = await readFile(staff)
      for (const [bytes, code] of [[whole.subarray(0, whole.length >> 1), /SOURCE_TRUNCATED/], [Buffer.alloc(0), /SOURCE_EMPTY/], [Buffer.from(`${header}\n`), /SOURCE_EMPTY/]] as const) {
        await writeFile(staff, bytes)
        const plan = await newPlan(usher, [10])
        assert.deepEqual(plan.changes, [], String(code))
        assert.match(JSON.stringify(plan.findings), code)
      }
    })

    await t.test('the next day: one moves, one leaves, one row is mended', async () => {
      const initial = await firstPassword(usher, 'lukasz@corp.example')
      assert.equal(samba.kinit('lzolc', initial), true, 'the account could sign in')
      await writeFile(staff, dayTwo)
      const plan = await newPlan(usher)
      const kinds = (person: string): string[] => plan.changes.filter((c) => c.system.id === 'ad' && c.person?.name === person).map((c) => c.kind).toSorted()
      assert.deepEqual(kinds('Łukasz Żółć'), ['disable', 'revoke'])
      assert.deepEqual(kinds('John Smith'), ['rename', 'revoke', 'update'])
      assert.deepEqual(kinds('Bad Date'), ['create', 'grant'])
      await run(['plan', 'approve', '--yes'])
      assert.notEqual(samba.kinit('lzolc', initial), true, 'a leaver cannot sign in')
      assert.deepEqual((await newPlan(usher)).changes, [])
    })

    await t.test('killed while it applies, or with the directory away, it goes on by itself', async () => {
      const more = Array.from({ length: 60 }, (_, i) => `M${i};Mara${i};Many;mara${i}@corp.example;Sales;Warsaw;N100;2021-01-01;`).join('\n')
      await writeFile(staff, `${dayTwo}${more}\n`)
      await newPlan(usher)
      const approving = usher.cli(['plan', 'approve', '--yes'])
      await until(() => accountsIn(samba, base) > 10)
      await usher.kill()
      await approving
      await usher.start()
      await until(() => accountsIn(samba, base) > 30)
      await samba.kill()
      await samba.start()
      await until(async () => (await latestPlan(usher)).state === 'applied')
      assert.equal(accountsIn(samba, base), 60)
      const last = await newPlan(usher, [10])
      assert.deepEqual(last.changes.map((c) => c.says), [])
      assert.match(await run(['audit', 'verify']), /as it was written/)
    })

  })
})

type Change = Schema<'Change'>
type Account = Schema<'Account'>

/** Computes a plan; the newest one is what `plan approve` takes. */
async function newPlan(usher: TestUsher, exits = [0, 4]): Promise<{ findings: unknown[]; changes: Change[] }> {
  // 4: there is something to approve; 10: not all could be read, or not as it was before.
  const { code, stderr } = await usher.cli(['plan', 'new'])
  assert.ok(exits.includes(code), `${code}: ${stderr}`)
  const plan = await latestPlan(usher)
  const { data } = await usher.api.POST('/api/plans/{id}/changes/search', { params: { path: { id: plan.id } }, body: { limit: 500 } })
  return { findings: plan.findings, changes: data!.items }
}

/** Of those that somebody asked for: the calendar makes plans, too. */
async function latestPlan(usher: TestUsher): Promise<Schema<'Plan'>> {
  const { data: plans } = await usher.api.GET('/api/plans', { params: { query: { limit: 10 } } })
  const { data } = await usher.api.GET('/api/plans/{id}', { params: { path: { id: plans!.items.find((plan) => plan.cause === 'asked for')!.id } } })
  return data!
}

async function accountsOf(usher: TestUsher): Promise<Account[]> {
  const { data } = await usher.api.POST('/api/systems/{id}/accounts/search', { params: { path: { id: 'ad' } }, body: { limit: 500 } })
  return data!.items
}

async function firstPassword(usher: TestUsher, email: string): Promise<string> {
  const { data: people } = await usher.api.POST('/api/people/search', { body: { search: email, limit: 1, sort: 'name' } })
  const { data } = await usher.api.POST('/api/people/{id}/passwords/{jobId}/show', { params: { path: { id: people!.items[0]!.id, jobId: 'people-to-ad' } } })
  return data!.password
}

/** How many of the many are in the directory now. */
function accountsIn(samba: Samba, base: string): number {
  return (samba.tool('ldapsearch', ['-b', `OU=Staff,${base}`, '(employeeID=M*)', 'dn']).match(/^dn:/gm) ?? []).length
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function succeed(usher: TestUsher, args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await usher.cli(args, input === undefined ? {} : { input })
  assert.equal(code, 0, `usher ${args.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}
