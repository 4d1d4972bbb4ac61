/** What recovery is measured against, on the same machine in the same run: the codec and a data link, each alone on one thread. */
import { chooseKernel } from '../../../src/adapters/codec-pool/xor-kernels.js';
import { openDataLinks } from '../../../src/adapters/data-link/data-links.js';
import { isIncarnation, isNodeId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { NULL_METRICS } from '../../../src/base/metrics.js';
import { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { erasureCode } from '../../../src/erasure/erasure-code.js';
import type { Code } from '../ecc/shapes.js';
import { interleave } from '../shared/interleave.js';

const SEGMENT_BYTES = 256 * 1024;
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
const ROUNDS = 5;
const ROUND_MS = 200;

export interface References {
  /** MB (10^6 bytes) of rebuilt segments a second, of one lost data position. */
  readonly codec: number;
  /** MB of payload a second, both ends on one thread. */
  readonly link: number;
}

export async function measureReferences(code: Code): Promise<References> {
  const link = await openLink();
  try {
    const [codec, sent] = await interleave(
      [
        { name: 'codec', run: rebuilding(code) },
        { name: 'link', run: (times) => link.run(times) },
      ],
      ROUNDS,
      ROUND_MS,
    );
    return { codec: SEGMENT_BYTES / (codec?.microseconds ?? NaN), link: SEGMENT_BYTES / (sent?.microseconds ?? NaN) };
  } finally {
    await link.close();
  }
}

function rebuilding({ k, m }: Code): (times: number) => void {
  const codec = new ErasureCodec(erasureCode(k, m), chooseKernel().kernel);
  const blank = (): Uint8Array => new Uint8Array(new SharedArrayBuffer(SEGMENT_BYTES));
  const data = Array.from({ length: k }, () => blank().fill(7));
  const shards = Array.from({ length: m }, blank);
  codec.encode(data, shards);
  const target = blank();
  const lost = [null, ...data.slice(1)];
  const parities = shards.map((bytes, index) => ({ index, contributions: 2 ** k - 1, bytes })).slice(0, 1);
  return (times) => {
    for (let i = 0; i < times; i++) {
      codec.rebuild({ data: lost, parities, wanted: [{ shard: { type: 'data', position: 0 }, target }] });
    }
  };
}

async function openLink(): Promise<{ run(times: number): Promise<void>; close(): Promise<void> }> {
  let arrived = 0;
  const open = (name: string, onMessages: (count: number) => void) => {
    const incarnation = 1;
    if (!isNodeId(name) || !isIncarnation(incarnation)) throw new RangeError(`${name} is no node`);
    return openDataLinks({
      self: { nodeId: name, incarnation, clusterId: () => 'b'.repeat(32), k: 3, m: 2 },
      handler: {
        onMessages: (_from, messages) => onMessages(messages.length),
        onConnected: () => undefined,
        onDisconnected: () => undefined,
        onIncoming: () => undefined,
      },
      logger: NULL_LOGGER,
      metrics: NULL_METRICS,
    });
  };
  const to = 'n2';
  if (!isNodeId(to)) throw new RangeError('n2 is a node');
  const receiver = await open(to, (count) => (arrived += count));
  const sender = await open('n1', () => undefined);
  sender.setPeers([{ nodeId: to, dataAddress: `127.0.0.1:${receiver.port}` }]);
  while (sender.connectedTo(to) === undefined) await turn();
  const bytes = new Uint8Array(SEGMENT_BYTES).fill(7);
  return {
    run: async (times) => {
      const expected = arrived + times;
      for (let sent = 0; sent < times;) {
        if (sender.backlogBytes(to) < MAX_BACKLOG_BYTES) {
          const data = [{ position: 0, checksum: 1, bytes }];
          sender.send(to, { type: 'shard-reply', group: 0, requestId: sent, epoch: 1, data, parity: null });
          sent++;
        }
        await turn();
      }
      while (arrived < expected) await turn();
    },
    close: async () => {
      await Promise.all([sender.close(), receiver.close()]);
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
