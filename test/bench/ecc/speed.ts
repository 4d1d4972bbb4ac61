/** Requests a second, their latencies, and the processor time that all nodes spend on them; ecc and raft mode take turns. */
import { bufferCodec, DcacheClient } from '../../../src/index.js';
import { ProcessCluster, type ClusterShape } from '../../support/process-cluster.js';
import { cpuSecondsOf } from '../../../src/bench/measure/proc.js';
import { measureRounds, type Scenario, type ScenarioResult } from '../../../src/bench/measure/rounds.js';
import { fill, keyOf, valueOf, type EntrySize } from './entries.js';
import { eccShape, nameOf, raftShape, type Code } from './shapes.js';

const SIZE: EntrySize = { keyBytes: 16, valueBytes: 100 };
const KEYS = 20_000;

export interface SpeedPlan {
  readonly code: Code;
  readonly inFlight: readonly number[];
  readonly rounds: number;
  readonly roundMs: number;
}

interface Contender {
  readonly name: string;
  readonly cluster: ProcessCluster;
  readonly client: DcacheClient<Buffer>;
}

export async function measureSpeed(plan: SpeedPlan, say: (line: string) => void): Promise<ScenarioResult[]> {
  const contenders: Contender[] = [];
  try {
    for (const shape of [eccShape(plan.code), raftShape(plan.code)]) contenders.push(await begin(shape));
    return await measureRounds(scenariosOf(contenders, plan.inFlight), plan, (round) =>
      say(`round ${round} of ${plan.rounds}`),
    );
  } finally {
    await Promise.all(
      contenders.map(async ({ client, cluster }) => {
        await client.close();
        await cluster.stop();
      }),
    );
  }
}

async function begin(shape: ClusterShape): Promise<Contender> {
  const cluster = await ProcessCluster.start(shape);
  const client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 20_000 });
  await fill(client, SIZE, 0, KEYS);
  return { name: nameOf(shape), cluster, client };
}

function scenariosOf(contenders: readonly Contender[], inFlight: readonly number[]): Scenario[] {
  const sends = {
    set: (client: DcacheClient<Buffer>, n: number) => client.set(keyOf(SIZE, n % KEYS), valueOf(SIZE, n)),
    get: (client: DcacheClient<Buffer>, n: number) => client.get(keyOf(SIZE, n % KEYS)),
  } as const;
  return inFlight.flatMap((count) =>
    (['set', 'get'] as const).flatMap((operation) =>
      contenders.map(({ name, cluster, client }) => ({
        system: name,
        operation,
        inFlight: count,
        send: (n: number) => sends[operation](client, n),
        cpuSeconds: () => cpuSecondsOf(cluster.pids),
      })),
    ),
  );
}
