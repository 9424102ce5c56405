import { ACTION_BIT } from './action.ts';
import { Hits } from './index/hits.ts';
import {
  collectComposed,
  collectCoveringComposed,
  collectCoveringExact,
  collectExact,
  collectIntersecting,
  collectIntersectingFolded,
  collectMeetingComposed,
  collectMeetingExact,
  collectSpelled,
  collectSpelledFolded,
} from './index/path-index.ts';
import type { Layer } from './layer.ts';
import type { FilesystemRequest } from './request.ts';
import { leadsThroughMagic, liesBelow, subtreeHoldsMagic } from './resource/path.ts';
import type { CompiledPolicy } from './snapshot.ts';
import { type Asked, effectOf, exclusion, INERT, UNTRUSTED_LINK } from './target-table.ts';
import {
  APPROVAL_REASON,
  type Asker,
  addClosures,
  type Cause,
  DENY_CODE,
  EXHAUSTED,
  emptiedNote,
  firstAllow,
  firstApproval,
  firstDeny,
  type Match,
  NONE,
  resourceOf,
  uidOf,
  type Verdict,
} from './verdict.ts';

/** Where a request leads, for matching: allows are judged on `real`, denies on every form (Paths 3). */
export interface PathForms {
  readonly real: string;
  readonly lexical: string;
  readonly recursive: boolean;
  /** Names are compared without case there (Paths 8). */
  readonly folds: boolean;
  /** Allows compare NFC instead of bytes: macOS (Paths 8). */
  readonly composed: boolean;
}

// One look at a time: nothing here waits.
const hits = new Hits();

export function judgeFilesystem(policy: CompiledPolicy, request: FilesystemRequest, asker: Asker): Verdict {
  const asked = askedOf(policy, request, asker);
  const causes: Cause[] = [];
  const forms = formsOf(policy, request);
  if (typeof forms === 'string') causes.push({ code: 'unresolvable_path', reason: forms, match: null });
  if (policy.closures.length > 0) addClosures(causes, policy, 'filesystem', asked.uid);
  if (typeof forms === 'string') return { grant: null, causes };
  let grant: Match | null = null;
  for (const layer of policy.layers) {
    const { deny, allow } = layer.speaks.filesystem;
    if (!deny && !allow) continue;
    const found = lookInto(layer, forms, asked);
    if (found.exhausted) causes.push(EXHAUSTED);
    if (found.deny !== NONE) {
      causes.push({ code: DENY_CODE[layer.origin], reason: '', match: { layer, target: found.deny } });
    }
    if (found.allow !== NONE && grant === null) grant = { layer, target: found.allow };
    if (layer.asksApproval) addApproval(causes, layer, forms, asked);
  }
  if (grant === null) {
    causes.push({ code: 'default_deny', reason: missingAllow(policy, request, forms, asked), match: null });
  }
  return { grant, causes };
}

export function askedOf(policy: CompiledPolicy, request: FilesystemRequest, asker: Asker): Asked {
  const uid = uidOf(request, asker);
  const ordinary = uid !== null && uid !== 0 && policy.host.homes.has(uid);
  return { actions: ACTION_BIT[request.action], port: 0, uid, ordinary };
}

/** The forms to match, or why the path cannot be resolved (Paths 4). */
export function formsOf(policy: CompiledPolicy, request: FilesystemRequest): PathForms | string {
  const { platform, foldingMounts } = policy.host;
  const { real, lexical, sent, recursive } = request;
  if (real.kind === 'unresolvable') return real.reason;
  if (real.kind === 'pending') return 'the path was not resolved';
  const isOther = real.real !== lexical;
  if (
    (sent !== lexical && leadsThroughMagic(sent, platform)) ||
    leadsThroughMagic(lexical, platform) ||
    (isOther && leadsThroughMagic(real.real, platform))
  ) {
    return 'the path leads through another process’s files (/proc/<pid>/…, /dev/fd): ask for the file itself';
  }
  if (recursive && (subtreeHoldsMagic(lexical, platform) || (isOther && subtreeHoldsMagic(real.real, platform)))) {
    return 'the subtree holds other processes’ files (/proc/<pid>/…, /dev/fd): ask for a smaller one';
  }
  const meets = (mount: string): boolean =>
    [lexical, real.real].some((form) => liesBelow(form, mount) || (recursive && liesBelow(mount, form)));
  const folds = platform === 'darwin' || (foldingMounts.length > 0 && foldingMounts.some(meets));
  return { real: real.real, lexical, recursive, folds, composed: platform === 'darwin' };
}

interface Found {
  /** The first deny that touches the path, or anything in its subtree; or `NONE`. */
  readonly deny: number;
  /** The first allow that covers the path, or its whole subtree. */
  readonly allow: number;
  /** The look was given up before its end. */
  readonly exhausted: boolean;
}

function lookInto(layer: Layer, forms: PathForms, asked: Asked): Found {
  const { lexical, real, recursive, folds, composed } = forms;
  hits.begin(layer.targets.owners, asked.uid);
  if (recursive || composed) return lookTwice(layer, forms, asked);
  collectExact(layer.paths, real, hits);
  const allow = firstAllow(layer, hits, asked);
  // what was found in exact bytes counts for denies as well
  const others = folds ? collectSpelledFolded : collectSpelled;
  others(layer.paths, real, hits);
  if (lexical !== real) {
    collectExact(layer.paths, lexical, hits);
    others(layer.paths, lexical, hits);
  }
  return { allow, deny: firstDeny(layer, hits, asked), exhausted: hits.exhausted };
}

/** Where allows and denies are not looked for in the same way. */
function lookTwice(layer: Layer, forms: PathForms, asked: Asked): Found {
  collectAllows(layer, forms, hits);
  const allow = firstAllow(layer, hits, asked);
  collectDenies(layer, forms, hits);
  return { allow, deny: firstDeny(layer, hits, asked), exhausted: hits.exhausted };
}

/** Adds every deny target that touches the path, or anything in its subtree; and others. */
export function collectDenies({ paths }: Layer, { lexical, real, recursive, folds }: PathForms, into: Hits): void {
  for (const form of lexical === real ? [real] : [lexical, real]) {
    if (recursive) (folds ? collectIntersectingFolded : collectIntersecting)(paths, form, into);
    else {
      collectExact(paths, form, into);
      (folds ? collectSpelledFolded : collectSpelled)(paths, form, into);
    }
  }
}

/** Adds every allow target that covers the path, or its whole subtree; and others. */
export function collectAllows({ paths }: Layer, { real, recursive, composed }: PathForms, into: Hits): void {
  if (recursive) (composed ? collectCoveringComposed : collectCoveringExact)(paths, real, into);
  else (composed ? collectComposed : collectExact)(paths, real, into);
}

/** Semantics, 4.7: an approval policy that allows any of it asks for approval, whoever else allows it. */
function addApproval(causes: Cause[], layer: Layer, forms: PathForms, asked: Asked): void {
  hits.clear();
  if (!forms.recursive) collectAllows(layer, forms, hits);
  else (forms.composed ? collectMeetingComposed : collectMeetingExact)(layer.paths, forms.real, hits);
  if (hits.exhausted) causes.push(EXHAUSTED);
  const target = firstApproval(layer, hits, asked);
  if (target !== NONE) causes.push({ code: 'approval_required', reason: APPROVAL_REASON, match: { layer, target } });
}

/** Says what is missing; where only an untrusted link stands between an allow and the path, that (Paths 7). */
function missingAllow(policy: CompiledPolicy, request: FilesystemRequest, forms: PathForms, asked: Asked): string {
  const what = `no rule allows ${request.action} of ${forms.recursive ? 'everything below ' : ''}\`${request.lexical}\``;
  for (const layer of policy.layers) {
    const untrusted = untrustedAllow(layer, forms, asked);
    if (untrusted === null) continue;
    return `${what}: \`${untrusted}\` leads to \`${forms.real}\` only through a link that root does not own; allow \`${forms.real}\` itself`;
  }
  const why = emptiedNote(policy.domains.filesystem);
  return forms.real === request.lexical ? `${what}${why}` : `${what}, which is \`${forms.real}\`${why}`;
}

/** An allow that would grant if the links that it leads through were root's. */
function untrustedAllow(layer: Layer, forms: PathForms, asked: Asked): string | null {
  const { targets, hasUntrusted } = layer;
  if (!hasUntrusted) return null;
  hits.clear();
  collectAllows(layer, forms, hits);
  for (let index = 0; index < hits.count; index += 1) {
    const target = hits.at(index);
    const takesPart = ((targets.flags[target] ?? INERT) & INERT) === 0 && effectOf(targets, target) === 'allow';
    if (takesPart && exclusion(targets, target, asked) === UNTRUSTED_LINK) return resourceOf({ layer, target });
  }
  return null;
}
