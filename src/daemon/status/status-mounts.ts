import type { MountTrees } from '../../realpath/mount-trees.ts';

/** Whether paths can be resolved here for everybody. */
export interface MountsStatus {
  /** False = the other table cannot be read. */
  readonly compared: boolean;
  /** The first mount points below which requests without `real` are denied. */
  readonly differ: readonly string[];
  readonly differ_count: number;
}

const MAX_LISTED = 50;

export function mountsStatus(mounts: MountTrees): MountsStatus {
  const differ = mounts.kind === 'compared' ? mounts.differ : [];
  return { compared: mounts.kind === 'compared', differ: differ.slice(0, MAX_LISTED), differ_count: differ.length };
}
