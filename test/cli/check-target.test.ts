import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '../../src/cli/check-target.ts';

const read = (text: string): string => {
  const reading = parseTarget(text);
  return reading.kind === 'target' ? `${reading.host} ${reading.port}` : 'invalid';
};

test('a bare host, whatever it is, means port 443', () => {
  assert.equal(read('example.com'), 'example.com 443');
  assert.equal(read('10.0.0.1'), '10.0.0.1 443');
  assert.equal(read('localhost'), 'localhost 443');
  assert.equal(read('2001:db8::1'), '2001:db8::1 443');
  assert.equal(read('[2001:db8::1]'), '[2001:db8::1] 443');
});

test('a port that is written is taken', () => {
  assert.equal(read('example.com:8080'), 'example.com 8080');
  assert.equal(read('[::1]:22'), '[::1] 22');
  assert.equal(read('10.0.0.1:65535'), '10.0.0.1 65535');
});

test('a URL means its own port, else that of its scheme; other schemes need one', () => {
  assert.equal(read('https://example.com/a?b#c'), 'example.com 443');
  assert.equal(read('http://example.com'), 'example.com 80');
  assert.equal(read('HTTPS://Example.com:8443/'), 'Example.com 8443');
  assert.equal(read('http://[::1]:8080/x'), '[::1] 8080');
  assert.equal(read('ssh://example.com'), 'example.com 22');
  assert.equal(read('https://example.com?x@y'), 'example.com 443');
  assert.equal(read('postgres://db.example.com:5432/x'), 'db.example.com 5432');
  const needed = parseTarget('postgres://db.example.com/x');
  assert.ok(needed.kind === 'invalid' && needed.message.includes('needs a port'));
});

test('hosts are handed on as they were written: only the daemon normalises', () => {
  assert.equal(read('EXAMPLE.com.'), 'EXAMPLE.com. 443');
  assert.equal(read('0x7f.1'), '0x7f.1 443');
  assert.equal(read('2130706433:80'), '2130706433 80');
  assert.equal(read('bücher.example'), 'bücher.example 443');
  assert.equal(read('a b:80'), 'a b 80');
  assert.equal(read('http://0x7f.1/'), '0x7f.1 80');
});

test('what could mean two things, or nothing, is refused', () => {
  for (const text of [
    '',
    ':443',
    'https://',
    'https:///x',
    'a:b:c',
    'example.com:',
    'example.com:0',
    'example.com:65536',
  ]) {
    assert.equal(read(text), 'invalid', text);
  }
  for (const text of [
    'example.com:0443',
    'example.com:-1',
    'example.com:4 43',
    '[::1]x',
    '[::1]:',
    '2001:db8::1:99999',
  ]) {
    assert.equal(read(text), 'invalid', text);
  }
  assert.equal(read('https://good.example@evil.example/'), 'invalid');
});

test('messages stay on one line whatever was asked', () => {
  const reading = parseTarget('a\nb:c:d\u001b[31m');
  assert.ok(reading.kind === 'invalid' && !/\p{Cc}/u.test(reading.message));
});
