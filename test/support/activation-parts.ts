import { join } from 'node:path';
import type { AuditEvent } from '../../src/sources/audit-event.ts';
import { openHighWaterMark } from '../../src/sources/high-water-mark.ts';
import type { StoredPolicyParts } from '../../src/sources/org-policies.ts';
import { openMarkFile } from '../../src/store/mark-file.ts';

/** Where what was told is gathered. */
export interface Heard {
  readonly events?: AuditEvent[];
  readonly troubles?: unknown[];
}

/** What an activator needs beside its store: the mark of this directory, and somebody who listens. */
export function activationParts(directory: string, heard: Heard = {}): Omit<StoredPolicyParts, 'store'> {
  return {
    mark: openHighWaterMark(openMarkFile(join(directory, 'mark'))),
    version: '1.0.0',
    verifyStored: () => ({ kind: 'verified' }),
    audit: (event) => void heard.events?.push(event),
    onTrouble: (error) => void heard.troubles?.push(error),
  };
}
