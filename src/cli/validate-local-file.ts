import { readFileSync, statSync } from 'node:fs';
import { codeOf } from '../base/coded-error.ts';
import { checkRule } from '../policy/rule-check.ts';
import { isObject, type RuleIssue } from '../policy/rule-shape.ts';
import { LOCAL_FILE_BYTES } from '../schema/limits.ts';
import { readLocalFile } from '../schema/local-file.ts';
import { counted } from './ask-daemon.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import { type CliContext, type CommandInput, firstArgument } from './command.ts';
import { printable } from './output.ts';

/** One thing to say about one rule; `refused` = the daemon could not evaluate the rule. */
interface Finding extends RuleIssue {
  readonly rule: string;
}

/** `reeve local validate`: what the daemon would make of a file. */
export function validateLocalFile({ output }: CliContext, input: CommandInput): ExitCode {
  const file = firstArgument(input);
  const reading = readLocalFile(contentOf(file));
  if (reading.kind === 'invalid') {
    output.result({ valid: false, message: reading.message, findings: [] }, () => [
      printable(`${file}: ${reading.message}`),
    ]);
    return 1;
  }
  const findings = reading.rules.flatMap(findingsOf);
  const valid = findings.every((finding) => !finding.refused);
  output.result({ valid, rules: reading.rules.length, findings }, () => [
    ...findings.map(({ rule, resource, message, refused }) => {
      const place = resource === undefined ? '' : ` \`${resource}\``;
      return printable(`${refused ? 'refused' : 'warning'}: rule ${rule}${place}: ${message}`);
    }),
    `${printable(file)}: ${valid ? 'valid' : 'not valid'}, ${counted(reading.rules.length, 'rule')}`,
  ]);
  return valid ? 0 : 1;
}

function findingsOf(raw: unknown, position: number): readonly Finding[] {
  const id = isObject(raw) && typeof raw['id'] === 'string' ? raw['id'] : `#${position + 1}`;
  const check = checkRule(raw, 'local');
  return (check.kind === 'ok' ? check.warnings : check.issues).map((issue) => ({ rule: id, ...issue }));
}

function contentOf(file: string): string {
  try {
    if (statSync(file).size > LOCAL_FILE_BYTES)
      throw new CliError('failed', `\`${file}\` is larger than 1 MiB: split it`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = codeOf(error) ?? 'error';
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : code;
    throw new CliError('failed', `cannot read \`${file}\` (${why})`);
  }
}
