/**
 * A snapshot on its way from node to node, piece by piece, as adapters/grpc/snapshot-stream.ts does it. When anything goes
 * wrong, the receiver throws away what it has.
 */
import type { PeerHandler, SnapshotReceiver } from '../../src/actors/control/ports.js';
import { DcacheError } from '../../src/base/errors.js';
import type { Speaker } from '../../src/cluster/speaker.js';
import { decodePeerMessage, encodePeerMessage } from '../../src/raft/message-codec.js';
import type { SnapshotMessage } from '../../src/raft/messages.js';
import type { Party } from './call.js';

export interface SnapshotStreamOptions {
  readonly from: Party;
  readonly to: Party;
  readonly handler: PeerHandler;
  readonly speaker: Speaker;
  readonly message: SnapshotMessage;
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Has the receiver do something, and waits for it. Rejects with a DcacheError. */
  readonly ask: <Answer>(serve: () => Promise<Answer>) => Promise<Answer>;
}

export async function streamSnapshot(options: SnapshotStreamOptions): Promise<void> {
  const { from, to, handler, speaker, message, pieces, ask } = options;
  const stream = new ReceivingEnd(handler);
  const forget = from.thread.whenEnded(() => to.thread.post(() => void stream.abort()));
  try {
    await ask(() => stream.open(speaker, encodePeerMessage(message)));
    for await (const piece of pieces) await ask(() => stream.write(piece));
    await ask(() => stream.finish());
  } catch (error) {
    to.thread.post(() => void stream.abort());
    throw error;
  } finally {
    forget();
  }
}

/** On the receiver's thread. */
class ReceivingEnd {
  private readonly handler: PeerHandler;
  private receiver: SnapshotReceiver | undefined;
  private ended = false;

  constructor(handler: PeerHandler) {
    this.handler = handler;
  }

  async open(speaker: Speaker, bytes: Uint8Array): Promise<void> {
    this.handler.admitSpeaker(speaker);
    const message = decodePeerMessage(bytes);
    if (message.type !== 'snapshot') throw new DcacheError('INVALID_ARGUMENT', 'not a snapshot');
    const receiver = await this.handler.onSnapshotStream(message);
    if (this.ended) await receiver.abort();
    else this.receiver = receiver;
  }

  async write(piece: Uint8Array): Promise<void> {
    await this.receiver?.write(piece);
  }

  async finish(): Promise<void> {
    const { receiver } = this;
    if (receiver === undefined || this.ended) throw new DcacheError('UNREACHABLE', 'the stream has ended');
    this.ended = true;
    try {
      await receiver.finish();
    } catch (error) {
      await receiver.abort();
      throw error;
    }
  }

  async abort(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.receiver?.abort();
  }
}
