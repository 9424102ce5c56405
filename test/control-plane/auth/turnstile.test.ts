import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turnstile } from '../../../src/control-plane/auth/turnstile.ts';

test('runs a few at once, lets some wait in order, and turns the others away unbegun', async () => {
  const turnstile = new Turnstile({ running: 2, waiting: 3 });
  const begun: number[] = [];
  let most = 0;
  let active = 0;
  const task = async (number: number): Promise<number> => {
    begun.push(number);
    active += 1;
    most = Math.max(most, active);
    await new Promise((resolve) => setTimeout(resolve, 1));
    active -= 1;
    return number;
  };
  const results = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((number) => turnstile.pass(() => task(number))));
  assert.deepEqual(results, [0, 1, 2, 3, 4, null, null]);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  assert.equal(most, 2);
});

test('a task that fails gives its place back', async () => {
  const turnstile = new Turnstile({ running: 1, waiting: 1 });
  const failing = turnstile.pass(() => Promise.reject(new Error('no')));
  const waiting = turnstile.pass(() => Promise.resolve('waited'));
  await assert.rejects(failing, /no/);
  assert.equal(await waiting, 'waited');
  assert.equal(await turnstile.pass(() => Promise.resolve('next')), 'next');
});
