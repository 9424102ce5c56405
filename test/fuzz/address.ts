import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  contains,
  embeddedAddresses,
  isSingle,
  isWithin,
  readAddress,
  readPrefix,
} from '../../src/policy/resource/address.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { ADDRESS_WORDS, ADDRESSES } from './words.ts';

const NAT64 = readPrefix('2001:db8:64::/96');
const EXTRA = NAT64.kind === 'prefix' ? [NAT64.prefix] : [];
const PREFIXES = ADDRESSES.flatMap((address) => [`${address}/8`, `${address}/32`, `${address}/128`]);

/** The `ip` of a request and the prefixes of rules (Names 4 and 5): strict, canonical, and never an IPv4-mapped IPv6. */
export const ADDRESS = fuzzTarget<unknown>('address', 'ADDRESS', () => ({
  inputs: fc.oneof(
    { weight: 30, arbitrary: mutatedText([...ADDRESSES, ...PREFIXES], ADDRESS_WORDS, 400) },
    { weight: 1, arbitrary: fc.jsonValue() },
  ),
  check(input) {
    const address = readAddress(input);
    if (address !== null) {
      assert.deepEqual(readAddress(address.text), address);
      assert.equal(address.text.includes(':'), address.family === 6);
      for (const inner of embeddedAddresses(address, EXTRA)) {
        assert.equal(inner.family, 4);
        assert.deepEqual(readAddress(inner.text), inner);
      }
    }
    if (typeof input !== 'string') return;
    const reading = readPrefix(input);
    if (reading.kind === 'invalid') return;
    const { prefix } = reading;
    assert.deepEqual(readPrefix(prefix.text), { kind: 'prefix', prefix, masked: false });
    assert.ok(isWithin(prefix, prefix));
    const base = readAddress(prefix.text.split('/')[0]);
    // below the length of the IPv4-mapped prefix the base address may itself be an IPv4 one
    if (base?.family === prefix.family) {
      assert.ok(contains(prefix, base));
      assert.equal(isSingle(prefix), prefix.length === (base.family === 4 ? 32 : 128));
    }
  },
}));
