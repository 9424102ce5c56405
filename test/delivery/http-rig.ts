import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Asked,
  type MisbehavingServer,
  misbehavingServer,
  type Responder,
} from '../support/misbehaving-server.ts';
import type { Scope } from '../support/scope.ts';
import type { Armed, Deed, OpenRig } from './attack.ts';
import { type Certificates, certificates } from './certificates.ts';

/** What means well behind the misbehaving server. */
export interface HttpContent {
  readonly responder: Responder;
  readonly placeOf: (asked: Asked) => string;
  /** `source` of the configuration file, without what every server needs. */
  readonly source: (origin: string, root: string) => Readonly<Record<string, unknown>>;
  readonly publish: OpenRig['publish'];
  readonly newest: OpenRig['newest'];
  readonly pass?: (ms: number) => void;
  readonly tamper?: (how: string) => void | Promise<void>;
  /** Puts back what was tampered with. */
  readonly restore?: () => void | Promise<void>;
}

export async function openHttpRig(scope: Scope, content: HttpContent, secure: boolean): Promise<OpenRig> {
  const shown = secure ? certificates(scope) : null;
  const server = await misbehavingServer(scope, content.responder, shown?.right);
  const { publish, newest, pass = () => undefined } = content;
  return {
    ...{ publish, newest, pass },
    origin: () => server.origin,
    source: (root) => ({
      ...content.source(server.origin, root),
      ...(shown === null ? {} : { ca_file: shown.caFile }),
    }),
    arm: (deed, place) => arm({ server, shown, content }, deed, place),
    async disarm() {
      server.behave();
      if (shown !== null) server.present(shown.right);
      await content.restore?.();
    },
  };
}

/** Until a daemon on a busy machine has noticed that its connection was cut. */
const NOTICED_MS = 300;

interface Parts {
  readonly server: MisbehavingServer;
  readonly shown: Certificates | null;
  readonly content: HttpContent;
}

async function arm({ server, shown, content }: Parts, deed: Deed, place: string): Promise<Armed> {
  const here = (asked: Asked): boolean => content.placeOf(asked) === place;
  const once = { over: () => true };
  if (typeof deed === 'function') {
    server.misbehave(deed, here);
    return once;
  }
  switch (deed.kind) {
    case 'sweep': {
      const { evil, over } = deed.begin();
      server.misbehave(evil, here);
      return { over };
    }
    case 'presenting':
      if (shown === null) throw new Error('this server has no certificates');
      server.present(deed.choose(shown));
      // whoever asks over a connection that it does not know to be cut has met no certificate at all
      await sleep(NOTICED_MS);
      return once;
    case 'tampering':
      server.behave();
      await content.tamper?.(deed.how);
      return once;
  }
}
