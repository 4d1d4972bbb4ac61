/** A whole run: a cluster, rounds until the time is over, and everything read once more at the end. */
import { mkdirSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeShape, toleratedFailures } from '../../src/bench/cluster/shape.js';
import { LinkProxies } from '../../src/bench/cluster/link-proxies.js';
import { SpawnedCluster } from '../../src/bench/cluster/spawned-cluster.js';
import { DcacheClient } from '../../src/client/client.js';
import type { RunArguments } from './arguments.js';
import { KeptValues } from './kept-values.js';
import { NamespaceNetwork } from './namespaces.js';
import { Nemesis } from './nemesis.js';
import { describeRound, type RunReport } from './report.js';
import { drawRound, playRound, type RoundReport } from './round.js';
import { verdictOf, type Verdict } from './verdict.js';

const FILLING = { entries: 3_000, bytes: 400 } as const;

/** Never rejects: what goes wrong is in the verdict. @param folder for histories, faults and logs; emptied first */
export async function runNemesis(args: RunArguments, folder: string, out: (line: string) => void): Promise<RunReport> {
  const { shape, seed, trace } = args;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const faultLog = join(folder, 'faults.log');
  writeFileSync(faultLog, '');
  const startedAtMs = performance.now();
  const tell = (line: string): void => {
    const timed = `${((performance.now() - startedAtMs) / 1000).toFixed(3).padStart(10)}  ${line}`;
    appendFileSync(faultLog, `${timed}\n`);
    if (trace) out(timed);
  };
  const run = new Run(args, folder, tell, out);
  let verdict: Verdict = { type: 'passed' };
  try {
    await run.play();
  } catch (error) {
    verdict = verdictOf(error);
    tell(`${verdict.type}`);
  }
  await run.cluster?.stop();
  return {
    verdict,
    cluster: describeShape(shape),
    seed,
    seconds: (performance.now() - startedAtMs) / 1000,
    rounds: run.rounds,
    faults: run.nemesis?.counts ?? new Map(),
    keptValues: run.kept.size,
    keptReads: run.kept.reads,
    historyFile: run.historyFile,
  };
}

class Run {
  cluster: SpawnedCluster | undefined;
  nemesis: Nemesis | undefined;
  readonly kept = new KeptValues();
  readonly rounds: RoundReport[] = [];
  historyFile = '';
  private readonly args: RunArguments;
  private readonly folder: string;
  private readonly tell: (line: string) => void;
  private readonly out: (line: string) => void;

  constructor(args: RunArguments, folder: string, tell: (line: string) => void, out: (line: string) => void) {
    this.args = args;
    this.folder = folder;
    this.tell = tell;
    this.out = out;
  }

  async play(): Promise<void> {
    const { args, folder, kept, tell } = this;
    const { shape, seed, firstRound, kinds, lengthMs, wholeBoundMs } = args;
    const network = args.network === 'proxies' ? new LinkProxies() : new NamespaceNetwork(folder);
    const cluster = await SpawnedCluster.start(shape, {
      network,
      supervised: true,
      logFolder: folder,
      logLevel: 'info',
    });
    this.cluster = cluster;
    const nemesis = new Nemesis({ cluster, tolerated: toleratedFailures(shape), logFolder: folder, tell });
    this.nemesis = nemesis;
    await asking(cluster, (client) => kept.fill(client, FILLING.entries, FILLING.bytes));
    const untilMs = performance.now() + lengthMs;
    for (let number = firstRound; performance.now() < untilMs; number++) {
      this.historyFile = join(folder, `history-${number}.jsonl`);
      const plan = drawRound(seed, number, kinds, untilMs - performance.now(), this.historyFile);
      tell(`round ${number}: ${Math.round(plan.faultMs)} ms of ${plan.kinds.join(', ')}`);
      const report = await playRound(plan, { cluster, nemesis, kept, wholeBoundMs, tell });
      this.rounds.push(report);
      this.out(describeRound(number, report));
    }
    await asking(cluster, (client) => kept.check(client));
  }
}

async function asking(cluster: SpawnedCluster, work: (client: DcacheClient) => Promise<void>): Promise<void> {
  const client = new DcacheClient({ endpoints: cluster.endpoints });
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
