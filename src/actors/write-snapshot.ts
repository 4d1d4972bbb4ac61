/** Makes a snapshot of the state machine durable, in both modes: a file, and word of it to the control side. */
import { errorFields, type Logger } from '../base/log.js';
import type { WrittenSnapshot } from './control/snapshot-keeper.js';
import type { SnapshotFiles } from './snapshot-files.js';

export interface SnapshotToWrite {
  /** The state is that after this entry. */
  readonly index: number;
  readonly term: number;
  /** Taken one by one, as they are written. */
  readonly pieces: Iterable<Uint8Array>;
  readonly files: SnapshotFiles;
  readonly logger: Logger;
  /** The node ends: the file is not needed any more, and nobody is told. */
  readonly isStopped: () => boolean;
  /** To the control side: the file is durable; undefined: it could not be written. */
  readonly onWritten: (written: WrittenSnapshot | undefined) => void;
}

/** Never rejects: a snapshot that cannot be written leaves the log longer than need be, and is told. */
export async function writeSnapshot(snapshot: SnapshotToWrite): Promise<void> {
  const { index, term, pieces, files, logger, isStopped, onWritten } = snapshot;
  try {
    const writer = await files.create(index, term);
    try {
      for (const piece of pieces) {
        if (isStopped()) return await writer.abort();
        await writer.write(piece);
      }
      onWritten({ index, term, file: await writer.finish() });
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } catch (error) {
    logger.error({ index, ...errorFields(error) }, 'a snapshot could not be written; the log goes on growing');
    if (!isStopped()) onWritten(undefined);
  }
}
