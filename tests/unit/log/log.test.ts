import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMessageLog } from '../../../src/log/log.ts';

function createLog(logLevel: 'error' | 'warn' | 'info' | 'debug', logFormat: 'json' | 'pretty' = 'json') {
  const lines: string[] = [];
  const log = createMessageLog({ logLevel, logFormat }, { append: (line) => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

test('a message is one line of JSON with its fields', () => {
  const { log, last } = createLog('info');
  log.info('hello', { port: 3000 });
  const { time, ...rest } = last();
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.deepEqual(rest, { level: 'info', message: 'hello', port: 3000 });
});

test('LOG_LEVEL leaves out what is less urgent', () => {
  const { log, lines } = createLog('warn');
  log.info('no');
  log.debug('no');
  log.warn('yes');
  log.error('yes');
  assert.equal(lines.length, 2);
});

test('no secret is written, in the message, in a field or in an error', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, lines } = createLog('info', format);
    const error = new Error('failed at redis://u:geheim1@h', { cause: new Error('Bearer geheim2345') });
    log.error('could not use redis://:geheim3@h', { error, password: 'geheim4', nested: { apiKey: 'geheim5' } });
    assert.doesNotMatch(lines.join(), /geheim/);
  }
});

test('an error keeps its message, stack and cause', () => {
  const { log, last } = createLog('info');
  log.error('it broke', { error: new Error('outer', { cause: new TypeError('inner') }) });
  const { error, message } = last() as { error: Record<string, Record<string, unknown>>; message: string };
  assert.equal(message, 'it broke');
  assert.equal(error['message'], 'outer');
  assert.match(String(error['stack']), /log\.test/);
  assert.equal(error['cause']?.['name'], 'TypeError');
});
