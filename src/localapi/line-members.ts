import type { Action } from '../policy/action.ts';

/** One bit a member: none may come twice. */
export const MEMBERS = {
  action: 0x1,
  host: 0x2,
  ip: 0x4,
  port: 0x8,
  path: 0x10,
  real: 0x20,
  resolved: 0x40,
  recursive: 0x80,
  uid: 0x100,
  id: 0x200,
  sandbox: 0x400,
  agent: 0x800,
  user: 0x1000,
  process: 0x2000,
} as const;
export type Member = keyof typeof MEMBERS;

/** What the members of the line that is read hold, so far. */
export class LineMembers {
  seen = 0;
  action: Action | null = null;
  host: string | null = null;
  ip: string | null = null;
  port = 0;
  path = '';
  real: string | null = null;
  resolved = false;
  recursive = false;
  uid: number | null = null;
  id: string | null = null;
  labels: Record<string, string> | null = null;

  /** For the next line. */
  clear(): this {
    this.seen = 0;
    this.action = null;
    this.host = null;
    this.ip = null;
    this.port = 0;
    this.path = '';
    this.real = null;
    this.resolved = false;
    this.recursive = false;
    this.uid = null;
    this.id = null;
    this.labels = null;
    return this;
  }
}
