/** Data messages in frames: those of one turn in one frame, or in a few when they are large. */
import { assert } from '../../base/assert.js';
import { ByteReader, MalformedBytes } from '../../base/byte-reader.js';
import { ByteWriter } from '../../base/byte-writer.js';
import { LIMITS } from '../../base/limits.js';
import { dataMessageBytes, readDataMessage, writeDataMessage } from '../../replication/message-codec.js';
import type { DataMessage } from '../../replication/messages.js';
import { FRAME_HEADER_BYTES, LinkFault, PAYLOAD_UNIT_BYTES, sealFrame } from './frame.js';

/** The count of messages, and padding. */
const FRAMING_BYTES = 16;
/** Of a frame with messages. */
export const MAX_PAYLOAD_BYTES = LIMITS.maxDataMessageBytes + FRAMING_BYTES;

const HEADER_ROOM = new Uint8Array(FRAME_HEADER_BYTES);

/** A message that waits for its frame. */
export interface SizedMessage {
  readonly message: DataMessage;
  /** At least what it takes. */
  readonly sizeBytes: number;
}

export function sized(message: DataMessage): SizedMessage {
  const sizeBytes = dataMessageBytes(message);
  assert(sizeBytes <= LIMITS.maxDataMessageBytes, 'a data message fits its bound');
  return { message, sizeBytes };
}

/** Copies what the messages hold. Each frame is of at most maxDataFrameBytes, or of one message. */
export function* framesOf(messages: readonly SizedMessage[]): IterableIterator<Uint8Array> {
  for (let first = 0; first < messages.length;) {
    let end = first;
    let bytes = 0;
    for (; end < messages.length; end++) {
      const { sizeBytes = 0 } = messages[end] ?? {};
      if (end > first && bytes + sizeBytes > LIMITS.maxDataFrameBytes) break;
      bytes += sizeBytes;
    }
    yield frameOf(messages.slice(first, end), bytes);
    first = end;
  }
}

function frameOf(messages: readonly SizedMessage[], sizeBytes: number): Uint8Array {
  const writer = new ByteWriter(FRAME_HEADER_BYTES + FRAMING_BYTES + sizeBytes);
  writer.raw(HEADER_ROOM).varint(messages.length);
  for (const { message } of messages) writeDataMessage(writer, message);
  const frame = writer.align(PAYLOAD_UNIT_BYTES).finishView();
  sealFrame('messages', frame);
  return frame;
}

/** Byte strings of the messages are views of `payload`, which is theirs. Throws LinkFault. */
export function messagesIn(payload: Uint8Array): DataMessage[] {
  const messages: DataMessage[] = [];
  try {
    const reader = new ByteReader(payload);
    for (let left = reader.varint(); left > 0; left--) messages.push(readDataMessage(reader));
    reader.align(PAYLOAD_UNIT_BYTES);
    reader.end();
    return messages;
  } catch (error) {
    if (error instanceof MalformedBytes) throw new LinkFault('malformed', `a frame cannot be read: ${error.message}`);
    throw error;
  }
}
