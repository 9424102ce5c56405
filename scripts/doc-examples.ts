import { evaluateLine } from '../src/eval/eval-line.ts';

const EXAMPLES = /```jsonl\n([\s\S]*?)\n```/g;

/** A page whose `jsonl` blocks hold cases of `reeve eval`, each followed by its answer: with the answers of today. */
export function withCurrentAnswers(page: string): string {
  return page.replaceAll(EXAMPLES, (_, lines: string) => {
    const cases = lines.split('\n').filter((_line, index) => index % 2 === 0);
    const answered = cases.flatMap((line) => [line, evaluateLine(line, { strict: false, fs: false })]);
    return `\`\`\`jsonl\n${answered.join('\n')}\n\`\`\``;
  });
}
