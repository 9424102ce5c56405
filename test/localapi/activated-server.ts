import { readActivation } from '../../src/localapi/activation.ts';
import { listenOn } from '../../src/localapi/listen.ts';

// What a service manager starts: descriptor 3 is the decision socket. Answers one connection and ends.
const variables = { LISTEN_PID: String(process.pid), LISTEN_FDS: '1', LISTEN_FDNAMES: 'decide' };
const { decide } = readActivation(variables, process.pid);
if (decide === undefined) throw new Error('no socket was handed over');
const server = await listenOn({ kind: 'descriptor', fd: decide }, (socket) => {
  socket.end('served');
  server.close();
});
