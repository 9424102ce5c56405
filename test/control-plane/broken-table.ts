import { openControlPlaneDatabase } from '../../src/control-plane/store/open.ts';

/** Takes the table of policies away under a running server, as damage to the file would. */
export function breakTable(path: string): void {
  run(path, 'ALTER TABLE policies RENAME TO hidden');
}

export function mendTable(path: string): void {
  run(path, 'ALTER TABLE hidden RENAME TO policies');
}

function run(path: string, sql: string): void {
  const database = openControlPlaneDatabase(path);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}
