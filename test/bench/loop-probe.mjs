// Preloaded into the daemon: says how long the loop of its main thread stood still and how much CPU all of its threads
// used since it was asked last.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

// its threads preload it as well
if (isMainThread) {
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
}
