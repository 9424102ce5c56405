// Asks one question again and again on a decide socket, so many times a second; a process of its own, so that it takes
// nothing from the one that measures. Arguments: the socket, how many a second, how many milliseconds. Prints
// `{"asked":…,"answered":…}`.
import { connect } from 'node:net';

const [socket = '', rate = '0', duration = '0'] = process.argv.slice(2);
const LINE = '{"action":"connect:tcp","host":"api.example.com","port":443}\n';

const flooder = connect(socket);
const start = performance.now();
let [asked, answered] = [0, 0];
flooder.on('data', (chunk: Buffer) => {
  for (const byte of chunk) if (byte === 10) answered += 1;
});
const timer = setInterval(() => {
  const elapsed = performance.now() - start;
  const due = Math.floor((Math.min(elapsed, Number(duration)) / 1_000) * Number(rate)) - asked;
  // what it does not take is asked later: a caller that waits for room
  if (flooder.writableLength < 65_536 && due > 0) {
    const lines = Math.min(due, 2_000);
    flooder.write(LINE.repeat(lines));
    asked += lines;
  }
  if (elapsed < Number(duration)) return;
  clearInterval(timer);
  flooder.destroy();
  process.stdout.write(JSON.stringify({ asked, answered }));
}, 1);
