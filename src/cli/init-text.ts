import type { InitPlan } from './init-plan.ts';

/** Where the files that a plan needs lie, once they are written. */
export interface InitFiles {
  /** Null = the source has none. */
  readonly credential: string | null;
  readonly root: string | null;
}

/** The configuration of a plan, for the daemon and for whoever opens it next year. */
export function initText(plan: InitPlan, files: InitFiles, date: string): string {
  return [
    `# Configuration of reeve on this machine, written by \`reeve init\` on ${date}.`,
    '# Everything that is not here has its default: `config/reeve.example.yaml` of the package shows them all.',
    '# Nobody but root (in a user service: root or that user) may write this file or a directory above it.',
    '# After a change: `reeve doctor`, then reload the daemon.',
    '',
    ...sourceLines(plan, files),
    '',
    '# What applies in domains that no organisation governs: locked-down (nothing), balanced, or open.',
    `preset: ${plan.preset}`,
    '',
    '# Every decision is kept in log.db of the state directory; `reeve log` searches it. The first bound counts.',
    'decision_log:',
    '  enabled: true',
    '  max_age_days: 30',
    '  max_megabytes: 4096',
    '',
  ].join('\n');
}

function sourceLines(plan: InitPlan, files: InitFiles): readonly string[] {
  const { source } = plan;
  if (source === null) {
    return [
      '# Where the organisation policy comes from. null = no organisation: local files and the preset decide.',
      'source: null',
    ];
  }
  return [
    '# Where the organisation policy comes from, and by what it is trusted.',
    'source:',
    ...wayLines(source, files),
    `  org: ${text(source.org)}`,
    '  # Teams of this machine. null = it has no team list: then denies of team policies apply, and their allows do not.',
    `  teams: ${plan.teams === null ? 'null' : `[${plan.teams.map(text).join(', ')}]`}`,
    ...(source.type === 'file' ? [] : transportLines(plan)),
  ];
}

function wayLines(source: NonNullable<InitPlan['source']>, { credential, root }: InitFiles): readonly string[] {
  switch (source.type) {
    case 'governance':
      return [
        '  # A governance API, asked every 120 s. Below this URL lie /auth/token and /orgs/….',
        '  type: governance',
        `  base_url: ${text(source.baseUrl)}`,
        '  # {"identifier": "…", "secret": "…"}, mode 0600. Read again whenever it is needed: a new one needs no restart.',
        `  credential_file: ${text(credential ?? '')}`,
      ];
    case 'tuf':
      return [
        '  # A TUF repository of signed bundles, asked every 60 s unless a bundle says otherwise.',
        '  type: tuf',
        `  base_url: ${text(source.baseUrl)}`,
        '  # The pinned root: everything that is believed is signed by keys that it leads to.',
        `  root_file: ${text(root ?? '')}`,
        '  # Of the repository’s bundles the one for this machine; a team’s is TEAM/bundle.json.gz.',
        `  target: ${text(source.target)}`,
      ];
    case 'file':
      return [
        '  # A bundle that device management puts there; watched.',
        '  type: file',
        `  path: ${text(source.path)}`,
        '  # Keys of which one has to have signed it. null = whoever may write the file is believed.',
        `  public_keys: ${source.publicKeys.length === 0 ? 'null' : `[${source.publicKeys.map(text).join(', ')}]`}`,
      ];
  }
}

function transportLines({ proxy, caFile }: InitPlan): readonly string[] {
  return [
    '  # An HTTP proxy on the way there, and the authorities (PEM) that are trusted instead of the usual ones.',
    `  proxy: ${proxy === null ? 'null' : text(proxy)}`,
    `  ca_file: ${caFile === null ? 'null' : text(caFile)}`,
  ];
}

/** JSON is YAML, and leaves no doubt about where a text ends. */
function text(value: string): string {
  return JSON.stringify(value);
}
