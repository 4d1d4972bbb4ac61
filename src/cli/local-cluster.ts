/** A whole cluster of the default layout on this machine: one child process a node, stopped together. */
import { join } from 'node:path';
import { fetchClusterReport } from '../adapters/grpc/cluster-client.js';
import type { ClusterReport } from '../adapters/grpc/backend.js';
import { DcacheError } from '../base/errors.js';
import type { Mode } from '../base/ids.js';
import type { Code } from '../cluster/code-layout.js';
import { place } from '../cluster/default-layout.js';
import { resolveConfig } from '../node/config.js';
import { statusTable } from './status-table.js';
import { SupervisedNode } from './supervised-node.js';

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 150;

export interface LocalClusterOptions {
  /** Left out, they are what `node start` takes. */
  readonly mode: string | undefined;
  readonly nodes: number | undefined;
  readonly k: number | undefined;
  readonly m: number | undefined;
  readonly dataDir: string;
  readonly logLevel: string;
  readonly say: (line: string) => void;
}

/** Resolves when the cluster has been stopped by a signal. Rejects when it cannot be started. */
export async function runLocalCluster(options: LocalClusterOptions): Promise<void> {
  const { say } = options;
  const shape = resolveShape(options);
  const running = Array.from({ length: shape.nodes }, (_, i) => startNodeProcess(i + 1, shape, options));
  const stopped = stopOnSignal(running, say);
  try {
    const report = await untilServing(running);
    say(statusTable(report));
    say(nextSteps(running, shape.mode));
  } catch (error) {
    await stopAll(running);
    throw error;
  }
  for (const { nodeId, logFile, exited } of running) {
    void exited.then((how) => {
      if (!stopped.asked)
        say(
          `${nodeId} ${how}; its log is ${logFile}. Start it again in another terminal: dcache node start --id ${nodeId} ${shapeFlags(shape).join(' ')}`,
        );
    });
  }
  await stopped.done;
}

/** What the nodes of a cluster have to be started with alike. */
interface Shape {
  readonly mode: Mode;
  readonly nodes: number;
  /** Undefined in raft mode. */
  readonly code: Code | undefined;
}

/** Checked here, so that a wrong one is told once and not in the logs of all nodes. */
function resolveShape({ mode: given, nodes, k, m }: LocalClusterOptions): Shape {
  const { mode, founders, ecc } = resolveConfig({ mode: given, nodes, k, m }, 1);
  return { mode, nodes: founders.length, code: ecc };
}

function shapeFlags({ mode, nodes, code }: Shape): string[] {
  const flags = ['--mode', mode, '--nodes', String(nodes)];
  return code === undefined ? flags : [...flags, '--k', String(code.k), '--m', String(code.m)];
}

function startNodeProcess(
  number: number,
  shape: Shape,
  { dataDir, logLevel, say }: LocalClusterOptions,
): SupervisedNode {
  const { nodeId } = place(number);
  const folder = join(dataDir, shape.mode, nodeId);
  const flags = [...shapeFlags(shape), '--id', nodeId, '--data-dir', folder, '--log-level', logLevel];
  return new SupervisedNode(nodeId, folder, flags, () => say(`${nodeId} has left, and is started again`));
}

/** All nodes up and a leader elected. Rejects as soon as a node has ended. */
async function untilServing(running: readonly SupervisedNode[]): Promise<ClusterReport> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  const someExit = Promise.race(
    running.map(async ({ nodeId, logFile, exited }) => ({ nodeId, logFile, how: await exited })),
  );
  for (;;) {
    const outcome = await Promise.race([someExit, askFirst(running)]);
    if (outcome !== undefined && 'how' in outcome) {
      throw new DcacheError(
        'CONFIG_INVALID',
        `${outcome.nodeId} ${outcome.how}. The last lines of ${outcome.logFile} say why; is another cluster running on these ports?`,
      );
    }
    if (outcome !== undefined && outcome.up === running.length && outcome.nodes.every((node) => node.notServing === ''))
      return outcome;
    if (performance.now() > deadline) {
      throw new DcacheError(
        'NO_LEADER',
        `the cluster does not serve after ${START_TIMEOUT_MS / 1000} s; the logs of the nodes say why, for example ${running[0]?.logFile}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function askFirst(running: readonly SupervisedNode[]): Promise<ClusterReport | undefined> {
  try {
    return running.length === 0 ? undefined : await fetchClusterReport(place(1).clientListen, 1_000);
  } catch (error) {
    if (error instanceof DcacheError) return undefined; // not up yet
    throw error;
  }
}

function stopOnSignal(
  running: readonly SupervisedNode[],
  say: (line: string) => void,
): { readonly done: Promise<void>; asked: boolean } {
  let stop: () => void = () => undefined;
  const state = { asked: false, done: new Promise<void>((resolve) => (stop = resolve)) };
  const onSignal = (): void => {
    if (state.asked) {
      for (const node of running) node.stop('SIGKILL');
      return;
    }
    state.asked = true;
    say('stopping the nodes');
    void stopAll(running).then(() => {
      say('stopped');
      stop();
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  void Promise.all(running.map(({ exited }) => exited)).then(() => stop());
  return state;
}

async function stopAll(running: readonly SupervisedNode[]): Promise<void> {
  for (const node of running) node.stop('SIGTERM');
  await Promise.all(running.map(({ exited }) => exited));
}

const AFTERWARDS: Readonly<Record<Mode, string>> = {
  raft: 'Ctrl-C stops all nodes; what was acknowledged is there when they are started again.',
  ecc: 'Ctrl-C stops all nodes, and their memory is gone with them: started again, the cluster begins empty.',
};

function nextSteps(running: readonly SupervisedNode[], mode: Mode): string {
  return [
    '',
    `The cluster runs. Logs: ${running.map(({ logFile }) => logFile).join(', ')}`,
    'In a second terminal, in this folder:',
    '',
    '    npx dcache kv set fruit cherry',
    '    npx dcache kv get fruit',
    '    npx dcache cluster status',
    ...(mode === 'ecc' ? ['    npx dcache cluster map'] : []),
    '    npx dcache demo               # a minute: two of five nodes of a cluster of its own die, and nothing is lost',
    '',
    AFTERWARDS[mode],
  ].join('\n');
}
