import { shownValue } from '../base/shown.ts';
import {
  ACTION_BIT,
  type Action,
  type Domain,
  domainOf,
  FILESYSTEM_ACTIONS,
  isAction,
  NETWORK_ACTIONS,
} from './action.ts';
import { isObject, type RuleAuthor, type RuleFields, type RuleHead } from './rule-shape.ts';

const HTTP_ACTION = /^request:(?:get|head|post|put|patch|delete|options|connect|trace)$/;
export const ALL_NETWORK = ACTION_BIT['connect:tcp'] | ACTION_BIT['connect:udp'];
const ALL_FILESYSTEM = ACTION_BIT.read | ACTION_BIT.write;

/** The actions of a rule; `domains` holds what is known of them even where there is a fault. */
export interface ActionsReading {
  readonly fault: string | null;
  readonly domains: readonly Domain[];
  readonly domain: Domain;
  readonly bits: number;
  readonly http: boolean;
}

export function readActions(fields: RuleFields, author: RuleAuthor, head: RuleHead): ActionsReading {
  const actions = fields['actions'];
  if (actions === undefined && author === 'local') return defaultActions(fields, head);
  const list: readonly unknown[] = Array.isArray(actions) ? actions : [];
  const [only] = list;
  if (list.length === 1 && isAction(only) && fields['http_resources'] === undefined) return ONE_ACTION[only];
  const domains = domainsAmong(list);
  const http = list.some(isHttpAction);
  const [domain = 'network'] = domains;
  let bits = 0;
  for (const action of list) if (isAction(action)) bits |= ACTION_BIT[action];
  return { fault: actionsFault(fields, list, { domains, http, bits }), domains, domain, bits, http };
}

function actionsFault(
  fields: RuleFields,
  list: readonly unknown[],
  { domains, http, bits }: Pick<ActionsReading, 'domains' | 'http' | 'bits'>,
): string | null {
  if (list.length === 0) return '`actions` must name at least one action';
  for (const action of list) {
    if (!isAction(action) && !isHttpAction(action)) return `unknown action ${shownValue(action)}`;
  }
  if (domains.length > 1 || (http && bits !== 0) || (!http && fields['http_resources'] !== undefined)) {
    return '`actions` mixes domains or layers: write one rule for each';
  }
  return null;
}

/** A local rule without `actions`: an allow means the lesser action, a deny both; the resource shows the domain. */
function defaultActions(fields: RuleFields, head: RuleHead): ActionsReading {
  const domains = [...new Set(head.resources.map(domainOfResource))];
  const [domain = 'network'] = domains;
  const deny = fields['decision'] !== 'allow';
  const bits =
    domain === 'network' ? (deny ? ALL_NETWORK : ACTION_BIT['connect:tcp']) : deny ? ALL_FILESYSTEM : ACTION_BIT.read;
  const fault = domains.length > 1 ? '`resources` mixes hosts and paths: write one rule for each' : null;
  return { fault, domains, domain, bits, http: false };
}

function domainOfResource(text: string): Domain {
  return /^(?:[/~$%.\\]|[A-Za-z*]:[\\/])/.test(text) ? 'filesystem' : 'network';
}

const ONE_DOMAIN: Readonly<Record<Domain, readonly Domain[]>> = { network: ['network'], filesystem: ['filesystem'] };

/** What most rules have: one action, and nothing wrong with it. */
const ONE_ACTION = Object.fromEntries(
  [...NETWORK_ACTIONS, ...FILESYSTEM_ACTIONS].map((action) => [action, readOneAction(action)]),
) as Readonly<Record<Action, ActionsReading>>;

function readOneAction(action: Action): ActionsReading {
  const domain = domainOf(action);
  return { fault: null, domains: ONE_DOMAIN[domain], domain, bits: ACTION_BIT[action], http: false };
}

/** Each domain once, the first that is named first. */
function domainsAmong(actions: readonly unknown[]): readonly Domain[] {
  let domains: readonly Domain[] = [];
  for (const action of actions) {
    const domain = domainOfAction(action);
    if (domain === null || domains.includes(domain)) continue;
    domains = domains.length === 0 ? ONE_DOMAIN[domain] : [...domains, domain];
  }
  return domains;
}

function domainOfAction(action: unknown): Domain | null {
  if (isAction(action)) return domainOf(action);
  return isHttpAction(action) ? 'network' : null;
}

function isHttpAction(action: unknown): boolean {
  return typeof action === 'string' && HTTP_ACTION.test(action);
}

/** The domains that a raw rule speaks about, as far as its actions are known. */
export function domainsOf(raw: unknown): readonly Domain[] {
  if (!isObject(raw)) return [];
  return domainsAmong(Array.isArray(raw['actions']) ? raw['actions'] : []);
}
