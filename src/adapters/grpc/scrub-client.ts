/** The Scrub call as a client makes it. */
import type { ScrubProgress } from '../../actors/data-plane.js';
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { openChannel } from './channel.js';
import { ClusterDefinition } from './generated/dcache/v1/cluster.js';
import { serviceDefinition } from './service-definition.js';
import { fromGrpcError } from './status.js';

const METHODS = serviceDefinition(ClusterDefinition);

/**
 * Has the node at `address` scrub everything that it holds, however long that takes. Resolves with what came of it.
 * @param onProgress called a few times a second. Rejects with a DcacheError.
 */
export async function scrubNode(
  address: string,
  onProgress: (progress: ScrubProgress) => void,
): Promise<ScrubProgress> {
  const client = openChannel(address, LIMITS.maxClientMessageBytes);
  const { path, requestSerialize, responseDeserialize } = METHODS.scrub;
  try {
    const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
    return await new Promise((resolve, reject) => {
      stream.on('data', ({ done, ...progress }: ReturnType<typeof responseDeserialize>) => {
        onProgress(progress);
        if (done) resolve(progress);
      });
      stream.on('error', (error: unknown) => reject(fromGrpcError(error, address)));
      stream.on('end', () => reject(new DcacheError('UNREACHABLE', `${address} stopped before its scrub was over`)));
    });
  } finally {
    client.close();
  }
}
