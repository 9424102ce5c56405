import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PathResolver } from '../../src/pdp/path-resolver.ts';

// Run in a mount namespace of its own: mounts a FUSE file system whose server never answers, and asks the resolver about it.
// Prints what happened as JSON. Closing the device ends the hang.
const [directory = ''] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
process.stdout.write(JSON.stringify(await hang()));

async function hang(): Promise<object> {
  let device: number;
  try {
    device = openSync('/dev/fuse', 'r+');
  } catch {
    return { skip: 'no /dev/fuse' };
  }
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const mount = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'silent', directory], {
    stdio: ['ignore', 'ignore', 'pipe', device],
    encoding: 'utf8',
  });
  if (mount.status !== 0) return { skip: `mount: ${mount.stderr}` };
  const resolver = new PathResolver({ deadlineMs: 100 });
  resolver.start();
  const [hung, behind] = await Promise.all([resolver.resolve(`${directory}/x`), resolver.resolve('/')]);
  const lost = resolver.lost;
  closeSync(device);
  for (let round = 0; resolver.lost > 0 && round < 100; round += 1) await sleep(20);
  const after = resolver.lost;
  await resolver.close();
  return { hung, behind, lost, after };
}
