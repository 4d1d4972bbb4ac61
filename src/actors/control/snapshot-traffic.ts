/** Snapshots on their way between nodes: the Raft message goes with the file that it names, and arrives when that is durable. */
import { DcacheError } from '../../base/errors.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { SnapshotMessage } from '../../raft/messages.js';
import type { SnapshotFiles } from '../snapshot-files.js';
import type { PeerTransport, SnapshotReceiver } from './ports.js';
import { decodeDescription } from './snapshot-description.js';

/** A snapshot on its way to a follower: done <= total. */
export interface SnapshotSending {
  readonly raftId: number;
  readonly totalBytes: number;
  readonly doneBytes: number;
  /** Since it began. */
  readonly bytesPerSecond: number;
}

interface UnderWay {
  readonly raftId: number;
  readonly totalBytes: number;
  readonly sinceMs: number;
  doneBytes: number;
}

export interface SnapshotTrafficParts {
  readonly transport: Pick<PeerTransport, 'sendSnapshot'>;
  readonly files: SnapshotFiles;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** The file that `message` names is durable here. */
  onArrived(message: SnapshotMessage): void;
  /** The peer has taken the snapshot, or has not. */
  onSent(raftId: number, succeeded: boolean): void;
}

export class SnapshotTraffic {
  private readonly parts: SnapshotTrafficParts;
  private readonly underWay = new Set<UnderWay>();

  constructor(parts: SnapshotTrafficParts) {
    this.parts = parts;
  }

  get sending(): readonly SnapshotSending[] {
    const nowMs = this.parts.nowMs();
    return [...this.underWay].map(({ raftId, totalBytes, doneBytes, sinceMs }) => {
      const bytesPerSecond = nowMs <= sinceMs ? 0 : Math.round((doneBytes * 1000) / (nowMs - sinceMs));
      return { raftId, totalBytes, doneBytes, bytesPerSecond };
    });
  }

  /** Never rejects: the outcome is told by `onSent`. */
  async send(message: SnapshotMessage): Promise<void> {
    const { transport, files, logger } = this.parts;
    const { index } = message.snapshot.metadata;
    logger.info({ to: message.to, index }, 'sending a snapshot');
    let succeeded = false;
    let underWay: UnderWay | undefined;
    try {
      const { file } = decodeDescription(message.snapshot.data);
      underWay = { raftId: message.to, totalBytes: file.bytes, doneBytes: 0, sinceMs: this.parts.nowMs() };
      this.underWay.add(underWay);
      await transport.sendSnapshot(message, counted(files.read(file), underWay));
      succeeded = true;
    } catch (error) {
      logger.warn({ to: message.to, index, ...errorFields(error) }, 'a snapshot could not be sent');
    } finally {
      if (underWay !== undefined) this.underWay.delete(underWay);
    }
    this.parts.onSent(message.to, succeeded);
  }

  /** Throws MalformedBytes when the message names no snapshot. Rejects when the file cannot be made. */
  async receive(message: SnapshotMessage): Promise<SnapshotReceiver> {
    const { metadata, data } = message.snapshot;
    const { file } = decodeDescription(data);
    const writer = await this.parts.files.create(metadata.index, metadata.term);
    let received = 0;
    return {
      write: (piece) => {
        received += piece.length;
        if (received <= file.bytes) return writer.write(piece);
        throw new DcacheError('INVALID_ARGUMENT', `the snapshot is longer than the ${file.bytes} bytes announced`);
      },
      abort: () => writer.abort(),
      finish: async () => {
        const written = await writer.finish();
        if (written.name !== file.name || written.bytes !== file.bytes) {
          throw new DcacheError('INVALID_ARGUMENT', 'the snapshot arrived damaged; send it again');
        }
        this.parts.onArrived(message);
      },
    };
  }
}

/** A piece counts when the next one is asked for: the transport has room again. */
async function* counted(pieces: AsyncIterable<Uint8Array>, underWay: UnderWay): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    const { length } = piece;
    yield piece;
    underWay.doneBytes += length;
  }
}
