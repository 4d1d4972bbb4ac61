/**
 * `npm run bench -- links`: a data link beside bidirectional grpc-js streams that carry the same messages, by size. Both ends are in
 * this process, on one thread. --json for programs.
 */
import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { openDataLinks } from '../../src/adapters/data-link/data-links.js';
import { FRAME_HEADER_BYTES } from '../../src/adapters/data-link/frame.js';
import { framesOf, messagesIn, sized } from '../../src/adapters/data-link/message-frames.js';
import { type Incarnation, type NodeId, isIncarnation, isNodeId } from '../../src/base/ids.js';
import { LIMITS } from '../../src/base/limits.js';
import { NULL_LOGGER } from '../../src/base/log.js';
import { NULL_METRICS } from '../../src/base/metrics.js';
import type { DataMessage } from '../../src/replication/messages.js';
import { interleave, type Contender, type Measurement } from './shared/interleave.js';

/** Messages that one turn sends, as a primary's under load would. */
const SIZES = [
  { bytes: 100, perTurn: 64 },
  { bytes: 4096, perTurn: 16 },
  { bytes: 262_144, perTurn: 1 },
] as const;
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
const ROUNDS = 9;
const ROUND_MS = 150;
const METHOD = '/bench.Links/Messages';

/** Sends messages and knows how many have arrived. */
interface Path {
  readonly name: string;
  arrived: number;
  send(messages: readonly DataMessage[]): void;
  backlogBytes(): number;
  close(): Promise<void>;
}

function nodeId(text: string): NodeId {
  if (!isNodeId(text)) throw new RangeError(`${text} is no node id`);
  return text;
}

function firstIncarnation(): Incarnation {
  const one = 1;
  if (!isIncarnation(one)) throw new RangeError('1 is an incarnation');
  return one;
}

async function openLinkPath(): Promise<Path> {
  const open = (name: string, onMessages: (count: number) => void) =>
    openDataLinks({
      self: { nodeId: nodeId(name), incarnation: firstIncarnation(), clusterId: () => 'b'.repeat(32), k: 3, m: 2 },
      handler: {
        onMessages: (_from, messages) => onMessages(messages.length),
        onConnected: () => undefined,
        onDisconnected: () => undefined,
        onIncoming: () => undefined,
      },
      logger: NULL_LOGGER,
      metrics: NULL_METRICS,
    });
  const to = nodeId('n2');
  const receiver = await open('n2', (count) => (path.arrived += count));
  const sender = await open('n1', () => undefined);
  const path: Path = {
    name: 'data link',
    arrived: 0,
    send: (messages) => messages.forEach((message) => sender.send(to, message)),
    backlogBytes: () => sender.backlogBytes(to),
    close: async () => {
      await Promise.all([sender.close(), receiver.close()]);
    },
  };
  sender.setPeers([{ nodeId: to, dataAddress: `127.0.0.1:${receiver.port}` }]);
  while (sender.connectedTo(to) === undefined) await turn();
  return path;
}

/** @param together whether the messages of a turn are one message of the stream, or one each */
async function openGrpcPath(name: string, together: boolean): Promise<Path> {
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const server = new Server({ 'grpc.max_receive_message_length': LIMITS.maxPeerMessageBytes });
  const method = {
    path: METHOD,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: asIs,
    responseDeserialize: (bytes: Buffer) => bytes,
  } as const;
  const path: Path = {
    name,
    arrived: 0,
    send: (messages) => {
      const turns = together ? [messages] : messages.map((message) => [message]);
      for (const some of turns) {
        for (const frame of framesOf(some.map(sized))) {
          backlogBytes += frame.length;
          stream.write(frame, () => (backlogBytes -= frame.length));
        }
      }
    },
    backlogBytes: () => backlogBytes,
    close: () => {
      stream.cancel();
      client.close();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
  server.addService(
    { messages: method },
    {
      messages: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (frame: Buffer) => (path.arrived += messagesIn(frame.subarray(FRAME_HEADER_BYTES)).length));
        call.on('error', () => undefined); // cancelled at the end
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  let backlogBytes = 0;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const stream = client.makeBidiStreamRequest(METHOD, method.requestSerialize, method.responseDeserialize);
  stream.on('error', () => undefined); // cancelled at the end
  return path;
}

function contender(path: Path, bytes: number, perTurn: number): Contender {
  const entry = new Uint8Array(bytes).fill(7);
  const message = (index: number): DataMessage => ({
    type: 'append',
    group: 0,
    position: 0,
    epoch: 1,
    joinIndex: 0,
    prevIndex: index,
    prevEpoch: 1,
    commitIndex: index,
    entries: [{ index: index + 1, epoch: 1, bytes: entry }],
    askedBytes: 0,
  });
  return {
    name: path.name,
    run: async (times) => {
      const expected = path.arrived + times;
      for (let sent = 0; sent < times;) {
        if (path.backlogBytes() < MAX_BACKLOG_BYTES) {
          const count = Math.min(perTurn, times - sent);
          path.send(Array.from({ length: count }, (_, i) => message(sent + i)));
          sent += count;
        }
        await turn();
      }
      while (path.arrived < expected) await turn();
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Row {
  readonly messageBytes: number;
  readonly path: string;
  readonly messagesPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly cpuMsPerMegabyte: number;
}

function row(bytes: number, { name, microseconds, cpuMicroseconds }: Measurement): Row {
  return {
    messageBytes: bytes,
    path: name,
    messagesPerSecond: Math.round(1e6 / microseconds),
    megabytesPerSecond: bytes / microseconds,
    cpuMsPerMegabyte: (cpuMicroseconds * 1000) / bytes,
  };
}

const paths = [
  await openLinkPath(),
  await openGrpcPath('grpc, one a turn', true),
  await openGrpcPath('grpc, one each', false),
];
const rows: Row[] = [];
for (const { bytes, perTurn } of SIZES) {
  const measured = await interleave(
    paths.map((path) => contender(path, bytes, perTurn)),
    ROUNDS,
    ROUND_MS,
  );
  rows.push(...measured.map((measurement) => row(bytes, measurement)));
}
await Promise.all(paths.map((path) => path.close()));
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else {
  console.log('message B   path                messages/s      MB/s   CPU ms a MB');
  for (const { messageBytes, path, messagesPerSecond, megabytesPerSecond, cpuMsPerMegabyte } of rows) {
    const numbers = [megabytesPerSecond.toFixed(0).padStart(8), cpuMsPerMegabyte.toFixed(2).padStart(13)];
    console.log(`${String(messageBytes).padStart(9)}   ${path.padEnd(18)} ${String(messagesPerSecond).padStart(11)}  ${numbers.join(' ')}`); // prettier-ignore
  }
}
