import type { ReeveHook } from './hooks.ts';

/** An agent that asks hooks before it does something, and what it does when one of them breaks. */
export interface Agent {
  readonly name: string;
  /** Below the root, and below each home. */
  readonly systemFiles: readonly string[];
  readonly homeFiles: readonly string[];
  /** `toml`: only its hooks are looked for, line by line. */
  readonly form: 'json' | 'toml';
  readonly failsClosed: (hook: ReeveHook) => boolean;
  readonly mend: string;
}

/** Where nothing else helps, the hook itself has to end with 2, whatever became of it. */
function endsWithTwo({ command }: ReeveHook): boolean {
  return /\|\|\s*(?:\{\s*)?exit\s+2\b/.test(command);
}

const END_WITH_2 = 'let its command end with `|| exit 2`: every other exit lets the tool run';

/** As tried: what each of them does when the hook cannot ask. */
export const AGENTS: readonly Agent[] = [
  {
    name: 'Claude Code',
    systemFiles: [
      'etc/claude-code/managed-settings.json',
      'Library/Application Support/ClaudeCode/managed-settings.json',
    ],
    homeFiles: ['.claude/settings.json', '.claude/settings.local.json'],
    form: 'json',
    failsClosed: ({ fields, ...hook }) => fields['onFailure'] === 'block' || endsWithTwo({ fields, ...hook }),
    mend: 'set `"onFailure": "block"` on the hook: without it the tool runs',
  },
  {
    name: 'Codex',
    systemFiles: ['etc/codex/hooks.json'],
    homeFiles: ['.codex/hooks.json'],
    form: 'json',
    failsClosed: endsWithTwo,
    mend: END_WITH_2,
  },
  {
    name: 'Codex',
    systemFiles: ['etc/codex/requirements.toml', 'etc/codex/config.toml'],
    homeFiles: ['.codex/config.toml'],
    form: 'toml',
    failsClosed: endsWithTwo,
    mend: END_WITH_2,
  },
  {
    name: 'Gemini CLI',
    systemFiles: ['etc/gemini-cli/settings.json'],
    homeFiles: ['.gemini/settings.json'],
    form: 'json',
    failsClosed: endsWithTwo,
    mend: END_WITH_2,
  },
  {
    name: 'Cursor',
    systemFiles: ['etc/cursor/hooks.json'],
    homeFiles: ['.cursor/hooks.json'],
    form: 'json',
    failsClosed: ({ fields }) => fields['failClosed'] === true,
    mend: 'set `"failClosed": true` on the hook: without it the tool runs',
  },
];
