import { createServer } from 'node:net';

// The least that a Node server can do: bytes back as they came.
const server = createServer((socket) => {
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('error', () => undefined);
});
server.listen(process.argv[2]);
