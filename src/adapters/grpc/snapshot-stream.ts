/**
 * One snapshot on its way from node to node: the first piece introduces the sender and holds the Raft message, the others
 * the bytes of the file. The sender waits while the stream is full, the receiver reads on when a piece is on disk, so both
 * hold a few pieces at a time.
 */
import type { Client, ClientWritableStream, ServerReadableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { PeerHandler, SnapshotReceiver } from '../../actors/control/ports.js';
import { DcacheError } from '../../base/errors.js';
import { EMPTY_BYTES } from '../../base/bytes.js';
import type { Speaker } from '../../cluster/speaker.js';
import { decodePeerMessage, encodePeerMessage } from '../../raft/message-codec.js';
import type { SnapshotMessage } from '../../raft/messages.js';
import { RaftDefinition, type SnapshotPiece, type SnapshotReply } from './generated/dcache/v1/raft.js';
import { readSpeaker } from './peer-messages.js';
import { serviceDefinition } from './service-definition.js';
import { fromGrpcError } from './status.js';

const METHOD = serviceDefinition(RaftDefinition).snapshot;

/** Resolves when the receiver has made it durable. Rejects with a DcacheError. */
export async function streamSnapshot(
  client: Client,
  address: string,
  self: Speaker,
  message: SnapshotMessage,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  let stream: ClientWritableStream<SnapshotPiece> | undefined;
  const answered = new Promise<void>((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = METHOD;
    const onAnswer = (error: Error | null, _reply?: SnapshotReply): void =>
      error === null ? resolve() : reject(fromGrpcError(error, address));
    stream = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, onAnswer);
  });
  const ended = new AbortController();
  try {
    const first = { speaker: self, message: encodePeerMessage(message), data: EMPTY_BYTES };
    await Promise.race([answered, writeAll(stream, first, pieces, ended.signal)]);
    await answered;
  } catch (error) {
    // A stream that is over drains no more: whoever waits for that would keep the file open for ever.
    ended.abort();
    // Not from within HTTP/2's own handling of what it has read, which may be where this was told (peer-link.ts).
    setImmediate(() => stream?.cancel());
    answered.catch(() => undefined); // the cancelled call's own end is of no interest
    throw error;
  }
}

async function writeAll(
  stream: ClientWritableStream<SnapshotPiece> | undefined,
  first: SnapshotPiece,
  pieces: AsyncIterable<Uint8Array>,
  ended: AbortSignal,
): Promise<void> {
  if (stream === undefined) return;
  stream.write(first);
  for await (const data of pieces) {
    const hasRoom: boolean = stream.write({ speaker: undefined, message: EMPTY_BYTES, data });
    if (!hasRoom) await once(stream, 'drain', { signal: ended });
  }
  stream.end();
}

/** Resolves when the snapshot is durable and its message has been taken in. */
export async function takeSnapshot(
  call: ServerReadableStream<SnapshotPiece, SnapshotReply>,
  handler: PeerHandler,
): Promise<void> {
  let receiver: SnapshotReceiver | undefined;
  try {
    for await (const item of call) {
      const piece = item as SnapshotPiece;
      if (receiver === undefined) {
        handler.admitSpeaker(readSpeaker(piece.speaker));
        receiver = await handler.onSnapshotStream(readMessage(piece.message));
      }
      if (piece.data.length > 0) await receiver.write(piece.data);
    }
    if (receiver === undefined) throw new DcacheError('INVALID_ARGUMENT', 'a snapshot stream without a first piece');
    await receiver.finish();
  } catch (error) {
    await receiver?.abort();
    throw error;
  }
}

function readMessage(bytes: Uint8Array): SnapshotMessage {
  const message = decodePeerMessage(bytes);
  if (message.type !== 'snapshot') throw new DcacheError('INVALID_ARGUMENT', 'a snapshot stream with another message');
  return message;
}
