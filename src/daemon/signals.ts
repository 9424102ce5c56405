/** What this process is told from outside. */
export interface DaemonSignals {
  /** The first that asks it to end. */
  readonly stop: Promise<NodeJS.Signals>;
  /** Who reads the configuration again; at once, if that was asked for before there was anybody. */
  onReload(reload: () => void): void;
}

/** Heard from here on: a signal while starting must neither leave half a daemon behind nor be forgotten. */
export function hearSignals(): DaemonSignals {
  let early = false;
  let onHangUp = (): void => {
    early = true;
  };
  process.on('SIGHUP', () => onHangUp());
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  return {
    stop,
    onReload(reload) {
      onHangUp = reload;
      if (early) reload();
      early = false;
    },
  };
}
