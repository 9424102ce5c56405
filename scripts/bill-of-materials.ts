import { lockedPackages, run } from './package-tree.ts';

/** The part of CycloneDX that is looked at here; npm writes the rest. */
export interface BillOfMaterials {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

export interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

/** What npm makes of the lock file, without what only developers need. Asks no network. */
export function billOfMaterials(withNode: boolean): BillOfMaterials {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'];
  const made = JSON.parse(run('npm', args)) as BillOfMaterials;
  const { component } = made.metadata;
  // `--omit dev` leaves out what developers need too (npm 11: zod, yaml, picomatch), so this is done here
  const runs = new Set([component['bom-ref'], ...lockedPackages().map(({ name, version }) => `${name}@${version}`)]);
  const components = made.components.filter((one) => runs.has(one['bom-ref']));
  return {
    ...made,
    // npm takes the name from the directory of the checkout
    metadata: { ...made.metadata, component: { ...component, type: 'application', name: 'reeve' } },
    components: withNode ? [...components, nodeComponent()] : components,
    dependencies: made.dependencies
      .filter(({ ref }) => runs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((name) => runs.has(name)) })),
  };
}

function nodeComponent(): Component {
  const version = process.versions.node;
  const ref = `node@${version}`;
  return { 'bom-ref': ref, type: 'platform', name: 'node', version, purl: `pkg:generic/${ref}` };
}
