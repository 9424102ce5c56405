import { isObject, type RuleFields } from '../../policy/rule-shape.ts';
import { callAdmin, counted, refusedCall } from '../ask-daemon.ts';
import { type Command, flag } from '../command.ts';

export const rulesLs: Command = {
  path: ['rules', 'ls'],
  summary: 'list the rules that are in force',
  description: 'asks the admin socket. exit code: 0, 4 no daemon.',
  options: [{ flags: '--include-inactive', description: 'also those that take no part, with the cause' }],
  examples: ['reeve rules ls', 'reeve rules ls --include-inactive', 'reeve rules ls --json'],
  async run({ output }, input) {
    const response = await callAdmin(input, { method: 'GET', path: '/v1/rules' });
    const { body } = response;
    if (response.status !== 200 || !isObject(body) || !Array.isArray(body['rules'])) throw refusedCall(response);
    const all = body['rules'].filter(isObject);
    const inactive = flag(input, 'includeInactive');
    const shown = inactive ? all : all.filter((rule) => rule['active'] === true);
    output.result({ ...body, rules: shown }, () => {
      const heads = ['RULE', 'LAYER', 'POLICY', 'DECISION', 'ACTIONS', 'RESOURCES'];
      const rows = shown.map((rule) => (inactive ? [...ruleRow(rule), stateOf(rule)] : ruleRow(rule)));
      const hidden = all.length - shown.length;
      const footer = hidden === 0 ? [] : [`hidden: ${counted(hidden, 'inactive rule')}; show with --include-inactive`];
      return [...output.table(inactive ? [...heads, 'STATUS'] : heads, rows), ...footer];
    });
    return 0;
  },
};

/** A rule may hold thousands of resources; a line holds some. */
const MOST_RESOURCES = 4;

function ruleRow(rule: RuleFields): readonly string[] {
  const name = textOf(rule['name']) || textOf(rule['id']);
  const resources = listOf(rule['resources']);
  const more = resources.length > MOST_RESOURCES ? [`and ${resources.length - MOST_RESOURCES} more`] : [];
  const listed = [...resources.slice(0, MOST_RESOURCES), ...more].join(', ');
  const policy = textOf(rule['policy_name']) || textOf(rule['policy']);
  return [name, textOf(rule['origin']), policy, textOf(rule['decision']), listOf(rule['actions']).join(','), listed];
}

function stateOf(rule: RuleFields): string {
  const cause = textOf(rule['cause']);
  return `${rule['active'] === true ? 'active' : 'inactive'}${cause === '' ? '' : `: ${cause}`}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
