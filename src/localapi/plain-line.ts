import { isFilesystemAction, isNetworkAction } from '../policy/action.ts';
import { filesystemRequest, networkRequest, type Request } from '../policy/request.ts';
import { LineMembers, MEMBERS, type Member } from './line-members.ts';

/** A line of the plainest form, read. */
export interface PlainLine {
  readonly request: Request;
  /** The `id` as JSON text; null = it has none. */
  readonly id: string | null;
  /** Its labels, for the log; null = it has none. */
  readonly labels: Readonly<Record<string, string>> | null;
}

const OF_NETWORK = MEMBERS.host | MEMBERS.ip | MEMBERS.port;
const OF_PATHS = MEMBERS.path | MEMBERS.real | MEMBERS.resolved | MEMBERS.recursive;

const [QUOTE, COMMA, COLON, OPEN, CLOSE] = [0x22, 0x2c, 0x3a, 0x7b, 0x7d] as const;
const [SPACE, BACKSLASH, ZERO, NINE] = [0x20, 0x5c, 0x30, 0x39] as const;
/** A number of more digits may be larger than a double tells from the next one. */
const MAX_DIGITS = 15;

// One line at a time: nothing here waits.
const MEMBERS_OF_LINE = new LineMembers();

/**
 * Reads what nearly every client writes: one object of known members, each once, with strings without escapes, whole
 * numbers and flags, and nothing between them but a space. Anything else, a mistake too, is null, and the strict JSON
 * reader's to judge: a test holds that both say the same wherever this one says anything. `text` is ASCII.
 */
export function readPlainLine(text: string, from: number, to: number): PlainLine | null {
  const members = MEMBERS_OF_LINE.clear();
  if (text.charCodeAt(from) !== OPEN) return null;
  let at = from + 1;
  for (;;) {
    at = readMember(text, at, members);
    if (at < 0) return null;
    const code = text.charCodeAt(at);
    if (code === CLOSE) break;
    if (code !== COMMA) return null;
    at = behindSpace(text, at + 1);
  }
  // a quote that is missing may have been found on a later line
  if (at + 1 !== to) return null;
  const request = requestOf(members);
  return request === null ? null : { request, id: members.id, labels: members.labels };
}

function requestOf(members: LineMembers): Request | null {
  const { seen, action, uid } = members;
  if (isNetworkAction(action)) {
    if ((seen & (OF_PATHS | MEMBERS.port)) !== MEMBERS.port) return null;
    const { host, ip, port } = members;
    return networkRequest({ action, host, ip, port, uid });
  }
  if (!isFilesystemAction(action) || (seen & (OF_NETWORK | MEMBERS.path)) !== MEMBERS.path) return null;
  const { path, real, resolved, recursive } = members;
  return filesystemRequest({ action, path, real, resolved, recursive, uid });
}

/** No member that can be read here. */
const NO = -1;

function behindSpace(text: string, at: number): number {
  return text.charCodeAt(at) === SPACE ? at + 1 : at;
}

/** Reads one member at `at`; gives the place behind it, or `NO`. */
function readMember(text: string, at: number, members: LineMembers): number {
  const member = memberAt(text, at);
  if (member === null || (members.seen & MEMBERS[member]) !== 0) return NO;
  members.seen |= MEMBERS[member];
  const colon = at + member.length + 2;
  if (text.charCodeAt(colon) !== COLON) return NO;
  const start = behindSpace(text, colon + 1);
  const code = text.charCodeAt(start);
  if (code === QUOTE) return readString(text, start + 1, member, members);
  if (code >= ZERO && code <= NINE) return readNumber(text, start, member, members);
  return readFlag(text, start, member, members);
}

/** The members by their first letter, quotes included. */
const BY_LETTER = membersByLetter();

function membersByLetter(): readonly (readonly Member[])[] {
  const byLetter: Member[][] = [];
  for (const member of Object.keys(MEMBERS) as Member[]) (byLetter[member.charCodeAt(0)] ??= []).push(member);
  return byLetter;
}

function memberAt(text: string, at: number): Member | null {
  if (text.charCodeAt(at) !== QUOTE) return null;
  const candidates = BY_LETTER[text.charCodeAt(at + 1)];
  if (candidates === undefined) return null;
  for (const member of candidates) {
    if (text.startsWith(member, at + 1) && text.charCodeAt(at + 1 + member.length) === QUOTE) return member;
  }
  return null;
}

function readString(text: string, start: number, member: Member, members: LineMembers): number {
  let end = start;
  for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(end)) {
    // what is not a character of a JSON string, and the end of the text, which is not a number
    if (code === BACKSLASH || !(code >= SPACE)) return NO;
    end += 1;
  }
  return keepString(text.slice(start, end), member, members) ? end + 1 : NO;
}

function keepString(value: string, member: Member, members: LineMembers): boolean {
  switch (member) {
    case 'action':
      members.action = isNetworkAction(value) || isFilesystemAction(value) ? value : null;
      return members.action !== null;
    case 'host':
    case 'ip':
    case 'path':
    case 'real':
      members[member] = value;
      return true;
    case 'id':
      members.id = `"${value}"`;
      return true;
    case 'sandbox':
    case 'agent':
    case 'user':
    case 'process':
      (members.labels ??= {})[member] = value;
      return true;
    default:
      return false;
  }
}

function readNumber(text: string, start: number, member: Member, members: LineMembers): number {
  let end = start;
  let value = 0;
  for (let digit = text.charCodeAt(end) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(end) - ZERO) {
    value = 10 * value + digit;
    end += 1;
  }
  const leadingZero = text.charCodeAt(start) === ZERO && end > start + 1;
  if (leadingZero || end - start > MAX_DIGITS) return NO;
  // what follows is a comma or the end of the object, or no line for us: `1.5` and `1e3` are not
  if (member === 'port') members.port = value;
  else if (member === 'uid') members.uid = value;
  else if (member === 'id') members.id = String(value);
  else return NO;
  return end;
}

function readFlag(text: string, start: number, member: Member, members: LineMembers): number {
  if (member !== 'resolved' && member !== 'recursive') return NO;
  const value = text.startsWith('true', start);
  if (!value && !text.startsWith('false', start)) return NO;
  members[member] = value;
  return start + (value ? 4 : 5);
}
