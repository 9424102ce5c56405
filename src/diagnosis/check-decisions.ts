import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../client/client.ts';
import type { Question } from '../client/request.ts';
import type { Answer } from '../policy/decision.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import { doctorHost, type Subject } from './subject.ts';

const TIMEOUT_MS = 5_000;
/** How often the same question is asked, to see how long that takes. */
const ROUNDS = 10;
const SLOW_MS = 100;
/** How often it is asked again where the daemon says that it has no time. */
const PATIENCE = 20;
const PAUSE_MS = 100;

/** Who reads the log knows what these questions were. */
const ASKER = { process: 'reeve doctor' } as const;

/** Real decisions through the socket, on the way that enforcement points take. */
export async function checkDecisions(subject: Subject): Promise<Verdict> {
  const { decide } = subject;
  if (decide.kind === 'refused') return skipped('no daemon answers');
  const client = createClient({ socket: decide.path, timeout: TIMEOUT_MS });
  try {
    const network = await checkQuestion(client, 'network', networkQuestion(doctorHost(subject)));
    const filesystem = await checkQuestion(client, 'filesystem', {
      ...{ ...ASKER, action: 'read', path: `/reeve-doctor-${subject.nonce}` },
    });
    const [median, slow] = await checkSpeed(client, subject);
    const own = filesystem.closed ? [] : await checkOwnFiles(client, subject);
    const metadata = network.closed ? [] : await checkMetadata(client);
    const findings = [...network.findings, ...filesystem.findings, ...own, ...metadata, ...slow];
    return examined(`network and filesystem are decided, in ${median.toFixed(1)} ms`, findings);
  } finally {
    client.close();
  }
}

function networkQuestion(host: string): Question {
  return { ...ASKER, action: 'connect:tcp', host, port: 443 };
}

interface Asked {
  readonly findings: readonly Finding[];
  /** Nothing else can be learned from this domain. */
  readonly closed: boolean;
}

async function checkQuestion(client: Client, domain: string, question: Question): Promise<Asked> {
  const answer = await decided(client, question);
  const closed = answer.kind === 'error';
  const findings = closed ? [closedFinding(domain, answer)] : await checkExplanation(client, question, answer);
  return { closed, findings };
}

/** A machine that is busy for a moment is not broken. */
async function decided(client: Client, question: Question): Promise<Answer> {
  let answer = await client.decide(question);
  for (let asked = 1; asked < PATIENCE && answer.code === 'overloaded'; asked += 1) {
    await sleep(PAUSE_MS);
    answer = await client.decide(question);
  }
  return answer;
}

/** The codes that say of the question, or of the daemon, what the others say of a domain (semantics, 6). */
const NOT_DECIDED: ReadonlySet<string> = new Set([
  'daemon_unavailable',
  'overloaded',
  'internal',
  'invalid_request',
  'unresolvable_path',
]);

function closedFinding(domain: string, { code, reason }: Answer): Finding {
  if (NOT_DECIDED.has(code)) return found('decision_failed', `${domain}: ${reason}`, { cause: code });
  return found('domain_closed', `everything in ${domain} is denied: ${reason}`, { cause: code });
}

/** One evaluator stands behind both: of the same generation they agree. */
async function checkExplanation(client: Client, question: Question, answer: Answer): Promise<readonly Finding[]> {
  const reply = await client.explain(question);
  if (reply.kind === 'unavailable') {
    return [found('decision_failed', `it is not explained: ${reply.answer.reason}`, { cause: reply.answer.code })];
  }
  const explained = reply.explanation.answer;
  if (explained.generation !== answer.generation || explained.code === answer.code) return [];
  return [found('explain_disagrees', `\`decide\` says ${answer.code} and \`explain\` ${explained.code}`)];
}

/** A daemon denies every write to its own files (semantics, 4.6): if these are not, they are not its own. */
async function checkOwnFiles(client: Client, { config }: Subject): Promise<readonly Finding[]> {
  if (config === null) return [];
  const path = join(config.stateDirectory, 'policy.db');
  const answer = await client.decide({ ...ASKER, action: 'write', path });
  // another deny that came first says nothing about this one
  if (answer.code !== 'default_deny' && answer.decision !== 'allow') return [];
  return [found('other_configuration', `the daemon does not protect \`${path}\`: it says ${answer.code}`)];
}

async function checkMetadata(client: Client): Promise<readonly Finding[]> {
  const answer = await client.decide({ ...ASKER, action: 'connect:tcp', host: '169.254.169.254', port: 80 });
  return answer.decision === 'allow' ? [found('metadata_open', `it is allowed: ${answer.reason}`)] : [];
}

async function checkSpeed(client: Client, subject: Subject): Promise<readonly [number, readonly Finding[]]> {
  const times: number[] = [];
  while (times.length < ROUNDS) {
    const start = performance.now();
    await client.decide(networkQuestion(doctorHost(subject)));
    times.push(performance.now() - start);
  }
  const median = times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  if (median < SLOW_MS) return [median, []];
  return [median, [found('slow_decisions', `half of ${ROUNDS} decisions took ${Math.round(median)} ms or more`)]];
}
