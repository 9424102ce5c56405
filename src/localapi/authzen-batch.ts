import {
  type EnvelopeReading,
  type Evaluation,
  fault,
  isObject,
  type Members,
  optionalObjectFault,
  readEvaluation,
} from './authzen-envelope.ts';
import { MAX_BATCH_ITEMS } from './limits.ts';

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;
export type Semantic = (typeof SEMANTICS)[number];

export type EvaluationsRequest =
  /** `evaluations` absent or empty: one evaluation request (authzen, 2, item 1). */
  | { readonly kind: 'single'; readonly evaluation: Evaluation }
  | { readonly kind: 'batch'; readonly semantic: Semantic; readonly items: readonly EnvelopeReading<Evaluation>[] };

/** Reads the body of `/access/v1/evaluations`; a fault concerns the whole of it, nothing is decided then. */
export function readEvaluations(body: unknown): EnvelopeReading<EvaluationsRequest> {
  if (!isObject(body)) return fault('the body must be one JSON object');
  const { evaluations } = body;
  if (evaluations !== undefined && !Array.isArray(evaluations)) return fault('`evaluations` must be an array');
  if (evaluations === undefined || evaluations.length === 0) {
    const reading = readEvaluation(body);
    return reading.kind === 'fault' ? reading : { kind: 'read', value: { kind: 'single', evaluation: reading.value } };
  }
  if (evaluations.length > MAX_BATCH_ITEMS) return fault(`\`evaluations\` holds at most ${MAX_BATCH_ITEMS} items`);
  const defaultsFault = faultOfDefaults(body);
  if (defaultsFault !== null) return fault(defaultsFault);
  const semantic = readSemantic(body['options']);
  if (semantic.kind === 'fault') return semantic;
  const items = evaluations.map((item: unknown) => readItem(item, body));
  return { kind: 'read', value: { kind: 'batch', semantic: semantic.value, items } };
}

/** A default that is no object spoils the whole; what it lacks is the business of the items that take it. */
function faultOfDefaults(body: Members): string | null {
  for (const name of ['subject', 'action', 'resource']) {
    const value = body[name];
    if (value !== undefined && !isObject(value)) return `\`${name}\` must be an object`;
  }
  return optionalObjectFault(body['context'], 'context');
}

function readSemantic(options: unknown): EnvelopeReading<Semantic> {
  const optionsFault = optionalObjectFault(options, 'options');
  if (optionsFault !== null) return fault(optionsFault);
  const asked = isObject(options) ? options['evaluations_semantic'] : undefined;
  if (asked === undefined) return { kind: 'read', value: 'execute_all' };
  const semantic = SEMANTICS.find((name) => name === asked);
  if (semantic === undefined) return fault(`\`options.evaluations_semantic\` must be one of ${SEMANTICS.join(', ')}`);
  return { kind: 'read', value: semantic };
}

/** Whole objects, never merged: a member that the item has, `null` included, is the item's own. */
function readItem(item: unknown, body: Members): EnvelopeReading<Evaluation> {
  if (!isObject(item)) return fault('an item of `evaluations` must be an object');
  const held = (name: string): unknown => (Object.hasOwn(item, name) ? item : body)[name];
  return readEvaluation({
    subject: held('subject'),
    action: held('action'),
    resource: held('resource'),
    context: held('context'),
  });
}

/** How many of the decisions are answered: a short circuit ends behind the deciding one, and never pads. */
export function answeredCount(decisions: readonly boolean[], semantic: Semantic): number {
  if (semantic === 'execute_all') return decisions.length;
  const deciding = decisions.indexOf(semantic === 'permit_on_first_permit');
  return deciding === -1 ? decisions.length : deciding + 1;
}
