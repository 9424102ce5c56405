import type { Command, CommandGroup } from './command.ts';
import { bugreport } from './commands/bugreport.ts';
import { bundleBuild } from './commands/bundle-build.ts';
import { bundleDiff } from './commands/bundle-diff.ts';
import { bundleInspect } from './commands/bundle-inspect.ts';
import { bundlePublish } from './commands/bundle-publish.ts';
import { bundleSign } from './commands/bundle-sign.ts';
import { bundleVerify } from './commands/bundle-verify.ts';
import { checkNetwork, checkPath } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { credentialCreate, credentialLs, credentialRevoke } from './commands/control-plane-credential.ts';
import { controlPlaneStart } from './commands/control-plane-start.ts';
import { teamAdd, teamLs, teamRm } from './commands/control-plane-team.ts';
import { daemon } from './commands/daemon.ts';
import { diff } from './commands/diff.ts';
import { doctor } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { explainNetwork, explainPath } from './commands/explain.ts';
import { init } from './commands/init.ts';
import { keysAdd, keysRemove, keysRenew, keysRevoke, keysRotate } from './commands/keys-change.ts';
import { keysCreate } from './commands/keys-create.ts';
import { keysInit } from './commands/keys-init.ts';
import { keysAssemble, keysShow, keysSign } from './commands/keys-sign.ts';
import { localAdd } from './commands/local-add.ts';
import { localLs } from './commands/local-ls.ts';
import { localRm } from './commands/local-rm.ts';
import { localValidate } from './commands/local-validate.ts';
import { log } from './commands/log.ts';
import { logVerify } from './commands/log-verify.ts';
import { reset } from './commands/reset.ts';
import { rulesLs } from './commands/rules.ts';
import { serviceInstall } from './commands/service-install.ts';
import { serviceStatus } from './commands/service-status.ts';
import { serviceUninstall } from './commands/service-uninstall.ts';
import { status } from './commands/status.ts';
import { sync } from './commands/sync.ts';
import { version } from './commands/version.ts';

export const GROUPS: readonly CommandGroup[] = [
  { path: ['check'], summary: 'ask what the daemon would answer' },
  { path: ['explain'], summary: 'show why the daemon answers as it does' },
  { path: ['rules'], summary: 'show the rules that the daemon enforces' },
  { path: ['local'], summary: 'write local override files' },
  { path: ['bundle'], summary: 'build, publish and check bundles of policies' },
  { path: ['keys'], summary: 'make and change the keys that vouch for a policy repository' },
  { path: ['control-plane'], summary: 'serve the governance API to your organisation’s daemons' },
  { path: ['control-plane', 'credential'], summary: 'manage who may sign in to the control plane' },
  { path: ['service'], summary: 'have the daemon started by the service manager of this machine' },
  { path: ['control-plane', 'team'], summary: 'manage the teams that policies may be scoped to' },
];

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  init,
  daemon,
  status,
  checkNetwork,
  checkPath,
  explainNetwork,
  explainPath,
  rulesLs,
  diff,
  log,
  logVerify,
  sync,
  reset,
  doctor,
  bugreport,
  localLs,
  localAdd,
  localRm,
  localValidate,
  evalCommand,
  bundleBuild,
  bundlePublish,
  bundleVerify,
  bundleInspect,
  bundleDiff,
  bundleSign,
  keysCreate,
  keysInit,
  keysSign,
  keysAssemble,
  keysShow,
  keysAdd,
  keysRotate,
  keysRemove,
  keysRevoke,
  keysRenew,
  controlPlaneStart,
  credentialCreate,
  credentialLs,
  credentialRevoke,
  teamAdd,
  teamLs,
  teamRm,
  serviceInstall,
  serviceUninstall,
  serviceStatus,
  completionCommand({ commands: () => COMMANDS, groups: GROUPS }),
  version,
];
