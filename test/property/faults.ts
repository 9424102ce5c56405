/**
 * Planted faults: each makes a wrong evaluator out of the right one by changing what it is asked, or by asking it in a wrong
 * way. The properties must find every one of them.
 */
import { evaluateLine } from '../../src/eval/eval-line.ts';
import { HOME } from './arbitraries.ts';
import { isRaw, type Raw } from './reference-rules.ts';
import type { Evaluate } from './subject.ts';

export interface Fault {
  readonly name: string;
  readonly domain: 'network' | 'filesystem';
  readonly plant: (right: Evaluate) => Evaluate;
}

type Rule = Raw;

function eachRule(input: Raw, change: (rule: Rule) => Rule | null): Raw {
  const list = (rules: unknown): unknown[] => (rules as Rule[]).map(change).filter((rule) => rule !== null);
  const policies = (input['policies'] as Raw[]).map((policy) => {
    const body = policy['allowlist_v0'] as Raw;
    return { ...policy, allowlist_v0: { ...body, rules: list(body['rules']) } };
  });
  return { ...input, org: list(input['org']), policies, local: list(input['local']) };
}

function eachResource(input: Raw, change: (text: string, rule: Rule) => string | null): Raw {
  return eachRule(input, (rule) => {
    if (!Array.isArray(rule['resources']) || rule['resources'].length === 0) return rule;
    const resources = rule['resources']
      .map((text: unknown) => (typeof text === 'string' ? change(text, rule) : text))
      .filter((text) => text !== null);
    return resources.length === 0 ? null : { ...rule, resources };
  });
}

function withoutDenies(input: Raw): Raw {
  return eachRule(input, (rule) => (rule['decision'] === 'deny' ? null : rule));
}

function withRequest(input: Raw, change: Raw): Raw {
  const request = { ...(input['request'] as Raw), ...change };
  return { ...input, request: Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) };
}

function eachPolicy(input: Raw, change: (policy: Raw) => Raw): Raw {
  return { ...input, policies: (input['policies'] as Raw[]).map(change) };
}

function without(value: Raw, ...keys: readonly string[]): Raw {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** The most common sort: the right evaluator is asked about a changed case. */
function changed(change: (input: Raw) => Raw): Fault['plant'] {
  return (right) => (input) => right(change(input));
}

function isUnreadable(rule: Rule): boolean {
  const line = JSON.stringify({ org: [rule], request: { action: 'read', path: '/' } });
  return isRaw((JSON.parse(evaluateLine(line, { strict: true, fs: false })) as Raw)['error']);
}

const NAMES_THIS_MACHINE = /^(localhost|host\.docker\.internal|127\.|\[::1\]|::1\/)/;

function firstMatchWins(right: Evaluate): Evaluate {
  return (input) => {
    const rules = input['org'] as Rule[];
    for (let count = 1; count <= rules.length; count += 1) {
      const answer = right({ ...input, org: rules.slice(0, count) });
      if (answer['kind'] === 'explicit') return answer;
    }
    return right(input);
  };
}

function oneAddressIsEnough(right: Evaluate): Evaluate {
  return (input) => {
    const { ip } = input['request'] as Raw;
    if (!Array.isArray(ip)) return right(input);
    const answers = ip.map((address: unknown) => right(withRequest(input, { ip: address })));
    return answers.find((answer) => answer['decision'] === 'allow') ?? right(input);
  };
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'one star takes two labels',
    domain: 'network',
    plant: changed((input) => eachResource(input, (text) => text.replace(/^\*\.(?=[a-z])/, '**.'))),
  },
  {
    name: 'two stars take the apex',
    domain: 'network',
    plant: changed((input) =>
      eachRule(input, (rule) =>
        Array.isArray(rule['resources'])
          ? {
              ...rule,
              resources: rule['resources'].flatMap((text: unknown) =>
                typeof text === 'string' && /^\*\*\.[a-z.]+$/.test(text) ? [text, text.slice(3)] : [text],
              ),
            }
          : rule,
      ),
    ),
  },
  {
    name: 'ports are ignored',
    domain: 'network',
    plant: changed((input) => eachResource(input, (text) => text.replace(/:(443|80)$/, ''))),
  },
  {
    name: 'denies do not know the other names of this machine',
    domain: 'network',
    plant: changed((input) => {
      const { host, ip } = input['request'] as Raw;
      return eachResource(input, (text, rule) => {
        const other = NAMES_THIS_MACHINE.test(text) && text !== host && text !== ip;
        return rule['decision'] === 'deny' && other ? null : text;
      });
    }),
  },
  {
    name: 'denies do not look into IPv6 for an IPv4 address',
    domain: 'network',
    plant: changed((input) => {
      const { ip } = input['request'] as Raw;
      if (typeof ip !== 'string' || !ip.includes(':')) return input;
      return eachResource(input, (text, rule) =>
        rule['decision'] === 'deny' && /^[0-9.]+(\/|:|$)/.test(text) ? null : text,
      );
    }),
  },
  { name: 'one allowed address is enough', domain: 'network', plant: oneAddressIsEnough },
  {
    name: 'a name may lead anywhere: no address guard',
    domain: 'network',
    plant: (right) => (input) => {
      const answer = right(input);
      return answer['code'] === 'address_guard' ? right(withRequest(input, { ip: undefined })) : answer;
    },
  },
  {
    name: 'UDP counts as TCP',
    domain: 'network',
    plant: changed((input) => withRequest(input, { action: 'connect:tcp' })),
  },
  { name: 'the first rule that matches wins', domain: 'network', plant: firstMatchWins },
  {
    name: 'a local allow grants in a governed domain',
    domain: 'network',
    plant: (right) => (input) => {
      const answer = right(input);
      return answer['code'] === 'default_deny' ? right({ ...input, governed: { network: false } }) : answer;
    },
  },
  {
    name: 'a deny that cannot be read is skipped',
    domain: 'network',
    plant: (right) => (input) => {
      const answer = right(input);
      return answer['code'] === 'policy_invalid'
        ? right(eachRule(input, (rule) => (isUnreadable(rule) ? null : rule)))
        : answer;
    },
  },
  {
    name: 'policies that ask for approval allow outright',
    domain: 'network',
    plant: changed((input) => eachPolicy(input, (policy) => without(policy, 'approval_required', 'require_approval'))),
  },
  {
    name: 'policies of other teams count',
    domain: 'network',
    plant: changed((input) => eachPolicy(input, (policy) => ({ ...policy, scope: {} }))),
  },
  {
    name: 'drafts and expired policies take part',
    domain: 'filesystem',
    plant: changed((input) =>
      eachPolicy(input, (policy) => without(policy, 'status', 'enabled', 'valid_from', 'valid_until')),
    ),
  },
  {
    name: 'a subtree ignores the denies inside it',
    domain: 'filesystem',
    plant: (right) => (input) => {
      const alone = right(withRequest(input, { recursive: false }));
      if (alone['code'] === 'org_deny' || alone['code'] === 'local_deny') return alone;
      return right(withoutDenies(input));
    },
  },
  {
    name: 'an allow is judged on the path as written, not on where it leads',
    domain: 'filesystem',
    plant: (right) => (input) => {
      const answer = right(input);
      return answer['code'] === 'default_deny' ? right(withRequest(input, { real: undefined })) : answer;
    },
  },
  {
    name: 'a deny is judged on where the path leads only',
    domain: 'filesystem',
    plant: changed((input) => {
      const { real } = input['request'] as Raw;
      return typeof real === 'string' ? withRequest(input, { path: real }) : input;
    }),
  },
  {
    name: 'two stars miss the directory itself',
    domain: 'filesystem',
    plant: changed((input) => eachResource(input, (text) => text.replace(/\/\*\*$/, '/**/*'))),
  },
  {
    name: 'one star crosses directories',
    domain: 'filesystem',
    plant: changed((input) => eachResource(input, (text) => text.replace(/\/\*$/, '/**/*'))),
  },
  {
    name: 'everybody has a home',
    domain: 'filesystem',
    plant: changed((input) => ({ ...input, home: HOME, uid: 1000 })),
  },
  {
    name: 'the determining rule is the last one',
    domain: 'filesystem',
    plant: changed((input) => ({ ...input, org: (input['org'] as Rule[]).toReversed() })),
  },
];
