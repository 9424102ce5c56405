import { isObject, type RuleFields } from '../../policy/rule-shape.ts';
import { callAdmin, counted, refusedCall } from '../ask-daemon.ts';
import { changeText, readChange } from '../change-text.ts';
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
      const columns = COLUMNS.filter(
        ({ head }) => (inactive || head !== 'STATUS') && (head !== 'CHANGED' || shown.some(saysWhoChangedIt)),
      );
      const hidden = all.length - shown.length;
      const footer = hidden === 0 ? [] : [`hidden: ${counted(hidden, 'inactive rule')}; show with --include-inactive`];
      const rows = shown.map((rule) => columns.map(({ cell }) => cell(rule)));
      return [
        ...output.table(
          columns.map(({ head }) => head),
          rows,
        ),
        ...footer,
      ];
    });
    return 0;
  },
};

interface Column {
  readonly head: string;
  readonly cell: (rule: RuleFields) => string;
}

const COLUMNS: readonly Column[] = [
  { head: 'RULE', cell: (rule) => textOf(rule['name']) || textOf(rule['id']) },
  { head: 'LAYER', cell: (rule) => textOf(rule['origin']) },
  { head: 'POLICY', cell: (rule) => textOf(rule['policy_name']) || textOf(rule['policy']) },
  { head: 'DECISION', cell: (rule) => textOf(rule['decision']) },
  { head: 'ACTIONS', cell: (rule) => listOf(rule['actions']).join(',') },
  { head: 'CHANGED', cell: changeOf },
  { head: 'RESOURCES', cell: resourcesOf },
  { head: 'STATUS', cell: stateOf },
];

/** A rule may hold thousands of resources; a line holds some. */
const MOST_RESOURCES = 4;

function resourcesOf(rule: RuleFields): string {
  const resources = listOf(rule['resources']);
  const more = resources.length > MOST_RESOURCES ? [`and ${resources.length - MOST_RESOURCES} more`] : [];
  return [...resources.slice(0, MOST_RESOURCES), ...more].join(', ');
}

function saysWhoChangedIt(rule: RuleFields): boolean {
  return changeOf(rule) !== '';
}

/** Of the rule's policy, or of the bundle: the day, the person and the ticket; `--json` has the reason as well. */
function changeOf({ changed }: RuleFields): string {
  const { at, by, ticket } = readChange(changed);
  const day = at === undefined ? {} : { at: at.slice(0, 'YYYY-MM-DD'.length) };
  const text = changeText({ ...day, ...(by === undefined ? {} : { by }), ...(ticket === undefined ? {} : { ticket }) });
  return text !== '' && isObject(changed) && changed['of'] === 'bundle' ? `bundle ${text}` : text;
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
