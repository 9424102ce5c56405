// Preloaded into the daemon: says how long its event loop stood still and how much CPU it used since it was asked last.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let used = process.cpuUsage();

process.on('message', () => {
  const { user, system } = process.cpuUsage(used);
  process.send?.({ gapMs: delay.max / 1e6, cpuMs: (user + system) / 1_000 });
  delay.reset();
  used = process.cpuUsage();
});
process.channel?.unref();
