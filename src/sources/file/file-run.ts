import type { PublicKey } from '../../bundle/dsse.ts';
import type { FetchedBundle } from '../activate.ts';
import { type AdmittedBundle, admitBundle, assertNotExpired } from '../admit-bundle.ts';
import type { SourceContext } from '../polled-source.ts';
import type { SourceOutcome, SourceStatus } from '../source.ts';
import { failureOf } from '../source-failure.ts';
import { type BundleContent, type BundleFile, contentOf, publicKeysOf, readBundleFile } from './bundle-file.ts';
import type { FileConfig } from './config.ts';

export interface FileRunOptions extends Pick<SourceContext, 'clock' | 'onPolicies'> {
  readonly config: FileConfig;
  /** Of this program. */
  readonly version: string;
}

/** How far a signed time may run ahead of the wall clock and still be believed, as for a TUF timestamp. */
const CLOCK_SKEW_MS = 300_000;

/** What is remembered of the file that was admitted last: the same bytes are not judged again. */
interface Known extends Omit<AdmittedBundle, 'policies'>, Pick<BundleContent, 'digest' | 'signer'> {
  /** `sha256:…` of the file. */
  readonly file: string;
}

/** Reads, checks and hands over, from the outside to the inside; whatever fails changes nothing. */
export class FileRun {
  readonly #options: FileRunOptions;
  readonly #keys: readonly PublicKey[] | null;
  #known: Known | null = null;

  /** Throws a `SourceError` for keys that cannot be used. */
  constructor(options: FileRunOptions) {
    this.#options = options;
    this.#keys = publicKeysOf(options.config);
  }

  /** Never rejects. */
  async once(): Promise<SourceOutcome> {
    try {
      const activation = await this.#options.onPolicies(this.#fetched());
      if (activation.kind === 'failed') return { kind: 'failed', failure: activation.failure, retryAfterMs: null };
      const { kind, revision, generation } = activation;
      return { kind: 'ok', result: kind, revision, generation, heldPolicies: [], followUpMs: null };
    } catch (error) {
      return { kind: 'failed', failure: failureOf(error, 'fetch'), retryAfterMs: null };
    }
  }

  details(): SourceStatus['details'] {
    return { path: this.#options.config.path, signed_by: this.#known?.signer ?? null };
  }

  #fetched(): FetchedBundle {
    const now = this.#options.clock.now();
    const file = readBundleFile(this.#options.config);
    const { known, policies } = this.#admitted(file);
    // what has been admitted may have ended since
    assertNotExpired(known.terms, now);
    const { digest, signer, org, revision, terms } = known;
    return {
      ...{ source: 'file', org, revision, terms, etag: null, fetchedAt: now },
      origin: { digest, epoch: 0, rootVersion: null, ...(signer === null ? {} : { signer }) },
      get policies() {
        return policies();
      },
      sync: {
        completedAt: now,
        verifiedTime: signer !== null && terms.issuedAt <= now + CLOCK_SKEW_MS ? terms.issuedAt : null,
        // a file ages by what it says itself (delivery, "What always holds")
        confirmedAt: null,
        cache: [],
        absences: [],
      },
    };
  }

  #admitted(file: BundleFile): { readonly known: Known; readonly policies: () => readonly unknown[] } {
    if (this.#known?.file === file.digest) {
      // rarely asked for: this very file serves already
      return { known: this.#known, policies: () => this.#admit(file).policies };
    }
    const { policies, ...known } = this.#admit(file);
    this.#known = known;
    return { known, policies: () => policies };
  }

  #admit(file: BundleFile): Known & AdmittedBundle {
    const { config, version } = this.#options;
    const { document, digest, signer } = contentOf(file, this.#keys);
    const bundle = admitBundle({ document, org: config.org, version, now: null });
    return { ...bundle, file: file.digest, digest, signer };
  }
}
