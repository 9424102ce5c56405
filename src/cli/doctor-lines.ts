import type { CheckReport, DoctorReport } from '../diagnosis/examine.ts';
import type { Finding } from '../diagnosis/finding.ts';
import { counted } from './ask-daemon.ts';
import { type Colour, type Output, printable } from './output.ts';

const COLOURS: Readonly<Record<CheckReport['state'], Colour>> = {
  ok: 'green',
  warning: 'yellow',
  fault: 'red',
  skipped: 'dim',
};
const WORDS: Readonly<Record<CheckReport['state'], string>> = {
  ok: 'ok',
  warning: 'warning',
  fault: 'FAULT',
  skipped: 'skipped',
};
const WORD_WIDTH = 9;
const CHECK_WIDTH = 15;

/** A check a line, what was found below it, and what it comes to. */
export function doctorLines(output: Output, report: DoctorReport): readonly string[] {
  return [...report.checks.flatMap((check) => checkLines(output, check)), '', summary(output, report)];
}

function checkLines(output: Output, { check, state, says, findings }: CheckReport): readonly string[] {
  const word = output.paint(WORDS[state].padEnd(WORD_WIDTH), COLOURS[state]);
  const line = `${word}${check.padEnd(CHECK_WIDTH)}${state === 'ok' || state === 'skipped' ? printable(says) : ''}`;
  return [line.trimEnd(), ...findings.flatMap((finding) => findingLines(output, finding))];
}

function findingLines(output: Output, { code, severity, message, mend, cause }: Finding): readonly string[] {
  const name = cause === null ? code : `${code}: ${cause}`;
  return [
    `${' '.repeat(WORD_WIDTH)}${output.paint(printable(message), severity === 'fault' ? 'red' : 'yellow')} (${printable(name)})`,
    `${' '.repeat(WORD_WIDTH)}  ${output.paint('mend:', 'dim')} ${printable(mend)}`,
  ];
}

function summary(output: Output, { checks, healthy }: DoctorReport): string {
  const all = checks.flatMap(({ findings }) => findings);
  const faults = all.filter(({ severity }) => severity === 'fault').length;
  const left = checks.filter(({ state }) => state === 'skipped').length;
  const text = `${counted(faults, 'fault')}, ${counted(all.length - faults, 'warning')}, ${counted(left, 'check')} skipped`;
  return output.paint(text, healthy ? 'green' : 'red');
}
