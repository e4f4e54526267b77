import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataOf, EventSplitter, withData } from '../../../src/mcp/event-splitter.ts';

/** The events of a stream that comes in pieces of this length; what has no end comes last. */
function split(text: string, size: number): string[] {
  const splitter = new EventSplitter();
  const events: string[] = [];
  let begun = '';
  for (let at = 0; at < text.length; at += size) {
    const piece = Buffer.from(text.slice(at, at + size));
    let start = 0;
    for (const end of splitter.endsIn(piece)) {
      events.push(begun + piece.toString('utf8', start, end));
      begun = '';
      start = end;
    }
    begun += piece.toString('utf8', start);
  }
  return begun === '' ? events : [...events, begun];
}

test('an event ends with an empty line, whichever line ends a service writes', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const events = [`data: 1${end}${end}`, `: x${end}id: 2${end}data: 2${end}${end}`, `data: 3${end}`];
    assert.deepEqual(split(events.join(''), 1000), events, JSON.stringify(end));
  }
});

test('nothing is lost or held back in pieces of one character', () => {
  const text = 'data: 1\r\n\r\ndata: 2\n\ndata: 3\r\rdata: 4';
  const events = split(text, 1);
  assert.equal(events.join(''), text);
  assert.deepEqual(
    events.map((event) => dataOf(event)).filter((data) => data !== undefined),
    ['1', '2', '3', '4'],
  );
});

test('the data of an event is that of all its lines', () => {
  assert.equal(dataOf('id: 1\n: data: no\n\n'), undefined);
  assert.equal(dataOf('data: {\r\ndata:  "a":1\rdata\ndata:}\n\n'), '{\n "a":1\n\n}');
  assert.equal(dataOf('\ufeffdata:x\n\n'), 'x');
  assert.equal(dataOf('database: x\n\n'), undefined);
});

test('an event with other data keeps all else', () => {
  assert.equal(
    withData('event: message\r\ndata: a\r\ndata: b\r\nid: 7\r\n\r\n', '{}'),
    'event: message\nid: 7\ndata: {}\n\n',
  );
});
