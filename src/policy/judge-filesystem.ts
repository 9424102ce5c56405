import { ACTION_BIT } from './action.ts';
import {
  visitComposed,
  visitCovering,
  visitCoveringComposed,
  visitDenied,
  visitExact,
  visitIntersecting,
  visitMeeting,
  visitMeetingComposed,
} from './index/path-index.ts';
import type { Layer } from './layer.ts';
import type { FilesystemRequest } from './request.ts';
import { leadsThroughMagic, liesBelow, subtreeHoldsMagic } from './resource/path.ts';
import type { CompiledPolicy } from './snapshot.ts';
import {
  APPROVAL_REASON,
  type Asked,
  type Asker,
  addClosures,
  type Cause,
  DENY_CODE,
  emptiedNote,
  exclusion,
  firstMatch,
  type Match,
  ruleOf,
  targetAt,
  targetOf,
  UNTRUSTED_LINK,
  uidOf,
  type Verdict,
} from './verdict.ts';

/** Where a request leads, for matching: allows are judged on `real`, denies on every form (Paths 3). */
export interface PathForms {
  readonly real: string;
  readonly denied: readonly string[];
  readonly recursive: boolean;
  /** Names are compared without case there (Paths 8). */
  readonly folds: boolean;
  /** Allows compare NFC instead of bytes: macOS (Paths 8). */
  readonly composed: boolean;
}

export function judgeFilesystem(policy: CompiledPolicy, request: FilesystemRequest, asker: Asker): Verdict {
  const asked = askedOf(policy, request, asker);
  const causes: Cause[] = [];
  const forms = formsOf(policy, request);
  if (typeof forms === 'string') causes.push({ code: 'unresolvable_path', reason: forms, match: null });
  addClosures(causes, policy, 'filesystem', asked.uid);
  if (typeof forms === 'string') return { grant: null, causes };
  for (const layer of policy.layers) {
    if (layer.speaks.filesystem.deny) addDeny(causes, layer, forms, asked);
    if (layer.asksApproval) addApproval(causes, layer, forms, asked);
  }
  const grant = firstGrant(policy, forms, asked);
  if (grant === null) {
    causes.push({ code: 'default_deny', reason: missingAllow(policy, request, forms, asked), match: null });
  }
  return { grant, causes };
}

export function askedOf(policy: CompiledPolicy, request: FilesystemRequest, asker: Asker): Asked {
  const uid = uidOf(request, asker);
  const ordinary = uid !== null && uid !== 0 && policy.host.homes.has(uid);
  return { actions: ACTION_BIT[request.action], port: null, uid, ordinary };
}

/** The forms to match, or why the path cannot be resolved (Paths 4). */
export function formsOf(policy: CompiledPolicy, request: FilesystemRequest): PathForms | string {
  const { platform, foldingMounts } = policy.host;
  const { real, lexical, sent, recursive } = request;
  if (real.kind === 'unresolvable') return real.reason;
  if (real.kind === 'pending') return 'the path was not resolved';
  const forms = real.real === lexical ? [lexical] : [lexical, real.real];
  if (
    (sent !== lexical && leadsThroughMagic(sent, platform)) ||
    forms.some((form) => leadsThroughMagic(form, platform))
  ) {
    return 'the path leads through another process’s files (/proc/<pid>/…, /dev/fd): ask for the file itself';
  }
  if (recursive && forms.some((form) => subtreeHoldsMagic(form, platform))) {
    return 'the subtree holds other processes’ files (/proc/<pid>/…, /dev/fd): ask for a smaller one';
  }
  const meets = (mount: string): boolean =>
    forms.some((form) => liesBelow(form, mount) || (recursive && liesBelow(mount, form)));
  const folds = platform === 'darwin' || foldingMounts.some(meets);
  return { real: real.real, denied: forms, recursive, folds, composed: platform === 'darwin' };
}

/** Calls `visit` for every deny target that touches the path, or anything in its subtree. */
export function visitDenies(layer: Layer, forms: PathForms, visit: (target: number) => void): void {
  for (const form of forms.denied) {
    if (forms.recursive) visitIntersecting(layer.paths.deny, form, forms.folds, visit);
    else visitDenied(layer.paths.deny, form, forms.folds, visit);
  }
}

/** Calls `visit` for every allow target that covers the path, or its whole subtree. */
export function visitAllows(layer: Layer, forms: PathForms, visit: (target: number) => void): void {
  const { allow } = layer.paths;
  if (forms.composed) (forms.recursive ? visitCoveringComposed : visitComposed)(allow, forms.real, visit);
  else (forms.recursive ? visitCovering : visitExact)(allow, forms.real, visit);
}

function addDeny(causes: Cause[], layer: Layer, forms: PathForms, asked: Asked): void {
  const match = firstMatch(layer, 'deny', asked, (visit) => visitDenies(layer, forms, visit));
  if (match === null) return;
  const { text } = targetOf(match);
  const subject = forms.recursive ? `the subtree meets \`${text}\`` : `the path matches \`${text}\``;
  causes.push({ code: DENY_CODE[layer.origin], reason: subject, match });
}

/** Semantics, 4.7: an approval policy that allows any of it asks for approval, whoever else allows it. */
function addApproval(causes: Cause[], layer: Layer, forms: PathForms, asked: Asked): void {
  const match = firstMatch(layer, 'allow', asked, (visit) => {
    const visitApproval = (target: number): void => {
      if (ruleOf(layer, target).approval) visit(target);
    };
    if (!forms.recursive) visitAllows(layer, forms, visitApproval);
    else (forms.composed ? visitMeetingComposed : visitMeeting)(layer.paths.allow, forms.real, visitApproval);
  });
  if (match !== null) causes.push({ code: 'approval_required', reason: APPROVAL_REASON, match });
}

function firstGrant(policy: CompiledPolicy, forms: PathForms, asked: Asked): Match | null {
  for (const layer of policy.layers) {
    if (!layer.speaks.filesystem.allow) continue;
    const match = firstMatch(layer, 'allow', asked, (visit) => visitAllows(layer, forms, visit));
    if (match !== null) return match;
  }
  return null;
}

/** Says what is missing; where only an untrusted link stands between an allow and the path, that (Paths 7). */
function missingAllow(policy: CompiledPolicy, request: FilesystemRequest, forms: PathForms, asked: Asked): string {
  const what = `no rule allows ${request.action} of ${forms.recursive ? 'everything below ' : ''}\`${request.lexical}\``;
  const [untrusted] = policy.layers.flatMap((layer) => untrustedAllows(layer, forms, asked));
  if (untrusted !== undefined) {
    return `${what}: \`${untrusted}\` leads to \`${forms.real}\` only through a link that root does not own; allow \`${forms.real}\` itself`;
  }
  const why = emptiedNote(policy.domains.filesystem);
  return forms.real === request.lexical ? `${what}${why}` : `${what}, which is \`${forms.real}\`${why}`;
}

/** Allows that would grant if the links that they lead through were root's. */
function untrustedAllows(layer: Layer, forms: PathForms, asked: Asked): string[] {
  const texts: string[] = [];
  visitAllows(layer, forms, (target) => {
    if (ruleOf(layer, target).inert !== null || exclusion(layer, target, asked) !== UNTRUSTED_LINK) return;
    texts.push(targetAt(layer, target).text);
  });
  return texts;
}
