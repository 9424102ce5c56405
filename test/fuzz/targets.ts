import { ADDRESS } from './address.ts';
import { AUTHZEN } from './authzen.ts';
import { BUNDLE } from './bundle.ts';
import { CONFIG_FILE } from './config-file.ts';
import { ENVELOPE } from './envelope.ts';
import { EVAL_LINE } from './eval-line.ts';
import type { FuzzOptions, FuzzReport } from './fuzzing.ts';
import { GOVERNANCE } from './governance.ts';
import { HOST } from './host.ts';
import { FIRST_BYTE, HTTP } from './http.ts';
import { LOCAL_FILE } from './local-file.ts';
import { NATIVE_REQUEST } from './native-request.ts';
import { NDJSON } from './ndjson.ts';
import { NETWORK_PATTERN } from './network-pattern.ts';
import { PATH } from './path.ts';
import { PATH_PATTERN } from './path-pattern.ts';
import { STRICT_JSON } from './strict-json.ts';

/** What the command and the time-boxed test run; the inputs of each are its own. */
export const TARGETS: readonly { name: string; fuzz: (options: FuzzOptions) => Promise<FuzzReport> }[] = [
  HOST,
  ADDRESS,
  NETWORK_PATTERN,
  PATH,
  PATH_PATTERN,
  NATIVE_REQUEST,
  STRICT_JSON,
  AUTHZEN,
  GOVERNANCE,
  BUNDLE,
  ENVELOPE,
  LOCAL_FILE,
  CONFIG_FILE,
  EVAL_LINE,
  NDJSON,
  HTTP,
  FIRST_BYTE,
];
