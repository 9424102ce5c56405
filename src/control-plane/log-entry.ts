/** One line of the server's log. Never a body, a query, a token or a secret; paths only where a route matched. */
export type LogEntry =
  | {
      readonly event: 'request';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly ms: number;
      readonly source: string;
      /** The id of the caller's credential, once it is known. */
      readonly credential: string | null;
    }
  | { readonly event: 'listening'; readonly url: string }
  | { readonly event: 'notice'; readonly message: string }
  | { readonly event: 'internal_error'; readonly path: string; readonly message: string };

export type Log = (entry: LogEntry) => void;
