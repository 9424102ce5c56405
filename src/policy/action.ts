/** The closed world of actions and the two domains they belong to (semantics, 1 and 2). */
export const DOMAINS = ['network', 'filesystem'] as const;
export type Domain = (typeof DOMAINS)[number];

export const NETWORK_ACTIONS = ['connect:tcp', 'connect:udp'] as const;
export const FILESYSTEM_ACTIONS = ['read', 'write'] as const;
export type NetworkAction = (typeof NETWORK_ACTIONS)[number];
export type FilesystemAction = (typeof FILESYSTEM_ACTIONS)[number];
export type Action = NetworkAction | FilesystemAction;

/** One bit an action, so that a rule's actions are one small integer. */
export const ACTION_BIT: Readonly<Record<Action, number>> = {
  'connect:tcp': 1,
  'connect:udp': 2,
  read: 4,
  write: 8,
};

export function isNetworkAction(value: unknown): value is NetworkAction {
  return value === 'connect:tcp' || value === 'connect:udp';
}

export function isFilesystemAction(value: unknown): value is FilesystemAction {
  return value === 'read' || value === 'write';
}

export function isAction(value: unknown): value is Action {
  return isNetworkAction(value) || isFilesystemAction(value);
}

/** The actions behind the bits of `ACTION_BIT`. */
export function actionsOf(bits: number): readonly Action[] {
  return [...NETWORK_ACTIONS, ...FILESYSTEM_ACTIONS].filter((action) => (bits & ACTION_BIT[action]) !== 0);
}

export function domainOf(action: Action): Domain {
  return isNetworkAction(action) ? 'network' : 'filesystem';
}
