import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeFrame, FrameTracker } from '../../../src/lib/ws-frames.ts';

/** A frame with a payload of zeros, as RFC 6455, section 5.2, lays it out. */
function frame(payloadLength: number, { masked = false, opcode = 2 } = {}): Buffer {
  const mask = masked ? 0x80 : 0;
  const head = [0x80 | opcode];
  if (payloadLength < 126) head.push(mask | payloadLength);
  else if (payloadLength < 65_536) head.push(mask | 126, payloadLength >> 8, payloadLength & 0xff);
  else head.push(mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payloadLength >>> shift) & 0xff));
  if (masked) head.push(1, 2, 3, 4);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(payloadLength)]);
}

for (const masked of [false, true]) {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 70_000]) {
    test(`the end of a ${masked ? 'masked ' : ''}frame of ${length} bytes is found, however it is cut`, () => {
      const bytes = frame(length, { masked });
      for (const cut of [1, 2, 3, 7, 13, bytes.length]) {
        const tracker = new FrameTracker();
        for (let at = 0; at < bytes.length; at += cut) {
          const chunk = bytes.subarray(at, at + cut);
          const end = tracker.advance(chunk);
          const isLast = at + cut >= bytes.length;
          assert.equal(tracker.isAtBoundary, isLast);
          assert.equal(end, isLast ? chunk.length : -1);
        }
      }
    });
  }
}

test('the first of several boundaries in a chunk is told', () => {
  const tracker = new FrameTracker();
  const [first, second] = [frame(10), frame(300)];
  assert.equal(tracker.advance(Buffer.concat([first, second, second.subarray(0, 5)])), first.length);
  assert.equal(tracker.isAtBoundary, false);
});

test('a close frame is seen', () => {
  const tracker = new FrameTracker();
  tracker.advance(frame(5));
  assert.equal(tracker.hasSeenClose, false);
  tracker.advance(frame(2, { opcode: 8 }));
  assert.equal(tracker.hasSeenClose, true);
});

test('a close frame of ours is well formed, masked towards a service', () => {
  for (const masked of [false, true]) {
    const tracker = new FrameTracker();
    const bytes = closeFrame(1001, 'going away', masked);
    assert.equal(tracker.advance(bytes), bytes.length);
    assert.equal(tracker.hasSeenClose, true);
    assert.equal((bytes[1] ?? 0) & 0x80, masked ? 0x80 : 0);
    assert.ok(bytes.includes('going away'));
  }
});
