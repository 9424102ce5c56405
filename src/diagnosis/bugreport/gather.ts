import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { cpus, freemem, release, totalmem, uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../base/coded-error.ts';
import { callHttp } from '../../client/http-call.ts';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import { loadConfig } from '../../daemon/config/load-config.ts';
import { examine } from '../examine.ts';
import { type DoctorOptions, subjectOf } from '../subject.ts';
import { confidentialOf } from './confidential.ts';
import { createRedactor } from './redact.ts';

/** One part of a report. */
export interface Section {
  readonly name: string;
  /** What is inside, in words. */
  readonly what: string;
  /** Redacted. */
  readonly text: string;
}

export interface BugReport {
  readonly sections: readonly Section[];
  /** How many places were redacted. */
  readonly redacted: number;
}

export interface GatherOptions {
  readonly doctor: DoctorOptions;
  /** Names of people, machines and organisations stay. */
  readonly withNames: boolean;
  /** Who ran it under sudo; null = whom the process belongs to. */
  readonly invoker: string | null;
  /** How many decisions go in, with the hosts and paths that were asked about. */
  readonly decisions: number;
}

const TIMEOUT_MS = 5_000;
const LOG_BYTES = 64 * 1024;
const MOST_FILES = 200;

/** Gathers what whoever looks into a problem needs. Nothing of it is written anywhere. */
export async function gather(options: GatherOptions): Promise<BugReport> {
  const { doctor } = options;
  const config = configOf(doctor);
  const status = await asked({ doctor, config }, 'decide', '/v1/status');
  // before the doctor asks questions of its own
  const decided = await decisionsOf(options, config);
  const redactor = createRedactor(confidentialOf(config, status, options));
  const raw: readonly Raw[] = [
    ['versions', 'reeve, Node.js, operating system, and the machine’s size', versionsOf(doctor)],
    ['doctor', 'what `reeve doctor` finds', await examine(doctor)],
    ['status', 'what the daemon says of itself', status],
    ...(config === null ? [] : ofConfiguration(config)),
    ...(config === null ? [] : [await logOf(doctor, config)]),
    ...decided,
  ];
  const sections = raw.map(([name, what, value]) => ({ name, what, text: redactor.redact(textOf(value)) }));
  return { sections, redacted: redactor.count };
}

/** Name, what is inside, and the content. */
type Raw = readonly [string, string, unknown];

function ofConfiguration(config: DaemonConfig): readonly Raw[] {
  return [
    ['configuration', 'the configuration as the daemon reads it; no comments, no credential', settingsOf(config)],
    ['files', 'names, owners, modes and sizes of reeve’s own files; no content', filesOf(config)],
  ];
}

async function logOf({ service, configFile }: DoctorOptions, { log, service: kind }: DaemonConfig): Promise<Raw> {
  if (log.file !== null) return ['log', 'the end of the daemon’s log file', logTail(log.file)];
  if (service.places?.config !== configFile) return ['log', 'nothing', 'it goes to standard error'];
  const unit = kind === 'user' ? '--user-unit=reeve' : '--unit=reeve';
  const { code, stdout, stderr } = await service.run(['journalctl', unit, '--lines=300', '--no-pager', '--output=cat']);
  return ['log', 'the end of the daemon’s journal', code === 0 ? stdout : stderr];
}

async function decisionsOf({ doctor, decisions }: GatherOptions, config: DaemonConfig | null): Promise<readonly Raw[]> {
  if (decisions === 0) return [];
  const what = `the last ${decisions} records of the decision log, with hosts and paths`;
  return [['decisions', what, await asked({ doctor, config }, 'admin', '/v1/log', { limit: decisions })]];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 1);
}

function configOf({ configFile, installation }: DoctorOptions): DaemonConfig | null {
  try {
    return configFile === null ? null : loadConfig(configFile, installation);
  } catch {
    return null;
  }
}

/** As the daemon has it; what is as long as a file is left out. */
function settingsOf({ preset, source, ...settings }: DaemonConfig): object {
  const { pinnedRoot, publicKeys, ...shownSource } = { pinnedRoot: null, publicKeys: null, ...source };
  const trust = { pinnedRoot: pinnedRoot !== null, publicKeys: publicKeys?.length ?? 0 };
  return { ...settings, preset: preset.name, source: source === null ? null : { ...shownSource, ...trust } };
}

function versionsOf({ version }: DoctorOptions): object {
  const { node, v8, uv, openssl } = process.versions;
  return {
    ...{ reeve: version, node, v8, uv, openssl },
    platform: `${process.platform} ${process.arch}`,
    release: release(),
    root: process.geteuid?.() === 0,
    processors: cpus().length,
    memory_mib: Math.round(totalmem() / 1024 ** 2),
    free_mib: Math.round(freemem() / 1024 ** 2),
    up_seconds: Math.round(uptime()),
    now: new Date().toISOString(),
  };
}

interface Asking {
  readonly doctor: DoctorOptions;
  readonly config: DaemonConfig | null;
}

async function asked(
  { doctor, config }: Asking,
  socket: 'decide' | 'admin',
  path: string,
  body?: object,
): Promise<unknown> {
  const choice = subjectOf(doctor, config, '')[socket];
  if (choice.kind === 'refused') return choice.message;
  const outcome = await callHttp({ socketPath: choice.path, method: 'GET', path, body, timeoutMs: TIMEOUT_MS });
  return outcome.kind === 'unavailable' ? outcome.message : outcome.body;
}

function filesOf({ file, stateDirectory, localDirectory, decideSocket, adminSocket }: DaemonConfig): readonly string[] {
  const directories = new Set([
    dirname(file),
    stateDirectory,
    localDirectory,
    dirname(decideSocket),
    dirname(adminSocket),
  ]);
  return [...directories].flatMap((directory) => [
    lineOf(directory),
    ...namesIn(directory).map((name) => lineOf(join(directory, name))),
  ]);
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted().slice(0, MOST_FILES);
  } catch {
    return [];
  }
}

function lineOf(path: string): string {
  try {
    const { mode, uid, gid, size, mtime } = lstatSync(path);
    return `${mode.toString(8).padStart(6, '0')} ${uid}:${gid} ${size} ${mtime.toISOString()} ${path}`;
  } catch (error) {
    return `${path}: ${messageOf(error)}`;
  }
}

function logTail(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return messageOf(error);
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, LOG_BYTES));
    const length = readSync(descriptor, buffer, 0, buffer.length, Math.max(0, size - LOG_BYTES));
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}
