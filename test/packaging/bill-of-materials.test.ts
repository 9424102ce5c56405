import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { billOfMaterials } from '../../scripts/bill-of-materials.ts';

interface LockRow {
  readonly version: string;
  readonly dev?: boolean;
}

const LOCK = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockRow>>;
};

/** `name@version` of what the lock file has, with or without what developers need. */
function locked(dev: boolean): readonly string[] {
  const rows = Object.entries(LOCK.packages).filter(([path, row]) => path !== '' && (row.dev === true) === dev);
  return [...new Set(rows.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`))].sort();
}

test('the bill of materials names every package that runs with reeve, and none that only developers need', () => {
  const bill = billOfMaterials(false);
  assert.equal(bill.bomFormat, 'CycloneDX');
  assert.match(bill.specVersion, /^1\.[5-9]$/);
  assert.equal(bill.metadata.component.name, 'reeve');
  const named = bill.components.map((component) => component['bom-ref']).sort();
  assert.deepEqual(named, locked(false));
  assert.ok(named.length > 20, `only ${named.length} components`);
  assert.deepEqual(
    named.filter((name) => locked(true).includes(name)),
    [],
  );
  for (const { name, version, purl } of bill.components)
    assert.equal(purl, `pkg:npm/${name.replace('@', '%40')}@${version}`);
  const references = new Set([...named, bill.metadata.component['bom-ref']]);
  for (const { ref, dependsOn = [] } of bill.dependencies) {
    for (const name of [ref, ...dependsOn]) assert.ok(references.has(name), `${name} is named and not listed`);
  }
});

test('the bill of materials of the Debian package names its Node.js, too', () => {
  const node = billOfMaterials(true).components.at(-1);
  assert.deepEqual([node?.name, node?.version, node?.type], ['node', process.versions.node, 'platform']);
});
