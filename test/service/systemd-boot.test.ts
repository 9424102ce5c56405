import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textOf } from '../docs/pages.ts';
import { bootTwice } from './boot.ts';
import { bootObstacle } from './container.ts';
import { between, runText, systemdVersion } from './service-page.ts';

/** Allowed where the organisation says so; each link to the payroll is what it leads to. */
const ANSWERS = 'allow org_allow;deny org_deny;allow org_allow;deny org_deny;deny org_deny;';

test('a real systemd installs, watches, mends and boots the service, with the same answers offline', {
  skip: bootObstacle() ?? false,
  timeout: 230_000,
}, async (t) => {
  const { facts, log } = await bootTwice(t);
  const { status_text: statusText = '', ...others } = facts;
  assert.match(statusText, /^answers for acme, revision sha256:[0-9a-f]{64}, generation \d+, fresh$/);
  assert.deepEqual(
    others,
    {
      status_before: '1',
      installed: '0',
      status_after: '0',
      units: 'notify,reeve,main',
      process_user: 'reeve',
      // CAP_DAC_READ_SEARCH, and a filter of system calls
      capabilities: '0000000000000004',
      seccomp: '2',
      online: ANSWERS,
      peers: 'available',
      mounts: '0',
      watchdog: '0,another',
      after_hang: ANSWERS,
      reload: '0,active,1',
      after_reload: ANSWERS,
      broken_restart: '1',
      starts: others['starts'],
      broken: 'failed,failed',
      mended: ANSWERS,
      offline: ANSWERS,
      uninstalled: '0',
      // the test's own
      left: '/etc/systemd/system/reeve.service.d ',
      user_left: '0',
      status_removed: '1',
      user_status: '0',
      user_watchdog: '0',
      user_left_behind: '',
      package: 'install ok installed',
      package_status: '0',
      package_answers: '0',
      package_again: '0,reeve',
      package_upgraded: '0,disabled,masked-runtime,disabled,,inactive,inactive',
      package_removed: 'inactive,0',
      package_left: '/etc/systemd/system/reeve.service.d ',
      done: 'yes',
    },
    log,
  );
  const starts = Number(others['starts']);
  assert.ok(starts >= 1 && starts <= 30, `a daemon that cannot start was started ${starts} times`);

  const page = textOf('docs/service.md');
  // other versions of systemd say things in other words
  if (page.includes(`of systemd ${systemdVersion() ?? ''} gives`)) {
    assert.equal(between(page, 'run'), runText(log), 'run scripts/generate-service-page.ts');
  } else t.diagnostic('docs/service.md was written with another systemd: the log is not compared');
});
