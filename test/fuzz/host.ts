import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readAddress } from '../../src/policy/resource/address.ts';
import { readHost } from '../../src/policy/resource/hostname.ts';
import { assertMessage } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { HOST_WORDS, HOSTS } from './words.ts';

const CANONICAL = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** The host of a request (semantics, Names 1–3): what is read is canonical, and reads as itself. */
export const HOST = fuzzTarget<unknown>('host', 'HOST', () => ({
  inputs: fc.oneof(
    { weight: 30, arbitrary: mutatedText(HOSTS, HOST_WORDS, 2_000) },
    { weight: 1, arbitrary: fc.jsonValue() },
  ),
  check(input) {
    const reading = readHost(input);
    switch (reading.kind) {
      case 'name':
        assert.match(reading.name, CANONICAL);
        assert.ok(reading.name.length <= 253);
        assert.deepEqual(readHost(reading.name), reading);
        assert.equal(readAddress(reading.name), null, 'a name is no address');
        return;
      case 'address':
        assert.deepEqual(readAddress(reading.address.text), reading.address);
        assert.deepEqual(readHost(reading.address.text), reading);
        return;
      case 'invalid':
        assertMessage(reading.reason);
    }
  },
}));
