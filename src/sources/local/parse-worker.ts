import { parentPort } from 'node:worker_threads';
import { readLocalFile } from '../../schema/local-file.ts';

// A hostile file costs seconds of parsing: those are this thread's, never the decision path's.
parentPort?.on('message', (text: string) => parentPort?.postMessage(readLocalFile(text)));
