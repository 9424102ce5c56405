import type { Migration } from './database.ts';

/** The decision log, step by step. A released step never changes; a new idea is a new step. */
export const LOG_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: [
      'A record is its text; the hash covers that and nothing else. What a search asks for is a view that reads it from',
      'the text, so no column can say another thing than what was hashed, and an insert writes and computes nothing',
      'twice; generated columns would be evaluated at every insert. Only the time is a column of its own, for its index:',
      'with it a search in ten million records touches the part that was asked for. The chain is one row: the head, so',
      'that a missing end shows, and the anchor, which is where the chain begins once old records have gone. Ids have no',
      'gaps, so how many records there are needs no counting.',
    ].join(' '),
    sql: `
      CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        hash BLOB NOT NULL,
        text TEXT NOT NULL
      ) STRICT;
      CREATE INDEX record_by_time ON record (at);
      CREATE VIEW searchable AS SELECT
        id, at, text,
        text ->> '$.type' AS type,
        text ->> '$.decision' AS decision,
        text ->> '$.code' AS code,
        text ->> '$.revision' AS revision,
        text ->> '$.generation' AS generation,
        text ->> '$.request.action' AS action,
        coalesce(text ->> '$.request.host', text ->> '$.request.ip[0]') AS host,
        text ->> '$.request.port' AS port,
        text ->> '$.request.path' AS path,
        text ->> '$.rule.policy' AS policy,
        text ->> '$.rule.id' AS rule,
        text ->> '$.peer.uid' AS uid,
        text ->> '$.peer.pid' AS pid
      FROM record WHERE json_valid(text);
      CREATE TABLE chain (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        anchor_id INTEGER NOT NULL,
        anchor_hash BLOB NOT NULL,
        head_id INTEGER NOT NULL,
        head_hash BLOB NOT NULL
      ) STRICT;
      INSERT INTO chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32));
    `,
  },
];
