import { parentPort, workerData } from 'node:worker_threads';
import { CodedError, messageOf } from '../base/coded-error.ts';
import type { ConfigQuestion, ConfigReading } from './config/config-reader.ts';
import { loadConfig, ownInstallation } from './config/load-config.ts';

// The thread's whole life: one configuration, read as at a start.
function read({ file, service }: ConfigQuestion): ConfigReading {
  try {
    return { kind: 'config', config: loadConfig(file, ownInstallation(service)) };
  } catch (error) {
    const code = error instanceof CodedError ? String(error.code) : 'internal';
    return { kind: 'refused', code, message: messageOf(error) };
  }
}

parentPort?.postMessage(read(workerData as ConfigQuestion));
