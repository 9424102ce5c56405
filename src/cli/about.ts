import type { OptionSpec } from './command.ts';

/** What is said of the whole command line, in `--help`, in docs/cli.md and in the man page alike. */
export const TITLE = 'enforces your organisation’s policy on this machine';

export const INTRODUCTION = `reeve enforces a policy on this machine: a daemon pulls it from your organisation, keeps it, and answers on a socket whether a sandboxed agent may connect to a host or touch a path.`;

export const EXIT_CODES =
  '0 ok, 1 failed, 2 wrong usage, 3 denied (check) or decided otherwise (diff), 4 daemon unavailable, 70 a defect of the daemon.';

/** Every command takes these. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--json', description: 'one JSON value on standard output, for programs' },
  { flags: '--socket <path>', description: 'decide socket of the daemon (default: the system’s, else your own)' },
  {
    flags: '--admin-socket <path>',
    description: 'admin socket of the daemon (default: `admin.sock` beside the decide socket)',
  },
];
