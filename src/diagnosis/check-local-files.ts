import { shown } from '../base/shown.ts';
import { isObject } from '../policy/rule-shape.ts';
import { examined, type Finding, found, type Verdict } from './finding.ts';

/** Rules of this machine that are not in force as they stand in their files (delivery, "Local override files"). */
export function checkLocalFiles(files: unknown, warnings: readonly string[]): Verdict {
  const listed = Array.isArray(files) ? files.filter(isObject) : [];
  const refused = listed.flatMap(({ name, state, cause }): readonly Finding[] => {
    if (state === 'active') return [];
    const what = `${shown(String(name))} ${STATES[String(state)] ?? String(state)}`;
    return [found('local_file_refused', `${what}: ${String(cause)}`, { cause: String(state) })];
  });
  const more = warnings.map((message) => found('local_files_warning', message));
  return examined(listed.length === 0 ? 'there are none' : `${listed.length} in force as written`, [
    ...refused,
    ...more,
  ]);
}

const STATES: Readonly<Record<string, string>> = {
  allows_inert: 'has no allows in force',
  last_good: 'is broken, and its last good rules serve',
  broken: 'is broken, and closes what local files may govern',
  not_read: 'is not read',
};
