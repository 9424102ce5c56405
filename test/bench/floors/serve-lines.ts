import { createServer } from 'node:net';

const NEWLINE = 0x0a;

/** One answer a line, one write a chunk; listens on the socket that the command line names. */
export function serveLines(answer: (line: Buffer) => string): void {
  const server = createServer((socket) => {
    let rest: Buffer | null = null;
    socket.on('data', (chunk: Buffer) => {
      const input: Buffer = rest === null ? chunk : Buffer.concat([rest, chunk]);
      let out = '';
      let start = 0;
      for (let end = input.indexOf(NEWLINE); end !== -1; end = input.indexOf(NEWLINE, start)) {
        out += `${answer(input.subarray(start, end))}\n`;
        start = end + 1;
      }
      rest = start < input.length ? input.subarray(start) : null;
      if (out !== '') socket.write(out);
    });
    socket.on('error', () => undefined);
  });
  server.listen(process.argv[2]);
}
