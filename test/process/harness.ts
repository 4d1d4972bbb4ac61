/**
 * Scenes with real processes. Each scene has its own folder and its own ports, and ends with all its processes gone, whatever
 * happened.
 */
import { test } from 'vitest';
import type { NodeReport } from '../../src/adapters/grpc/backend.js';
import { DcacheClient } from '../../src/client/client.js';
import type { ChildOptions } from '../support/child.js';
import { ProcessCluster, type ClusterShape } from '../support/process-cluster.js';

/** For a machine that has a lot else to do; on an idle one a scene takes a few seconds. */
export const SCENE_TIMEOUT_MS = 180_000;

const RAFT_OF_THREE: ClusterShape = { mode: 'raft', nodes: 3 };

export interface Answer {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Scene extends ProcessCluster {
  private readonly clients: DcacheClient[] = [];

  /** Runs a command to its end. Asks the scene's nodes unless `args` name endpoints or it starts something. */
  async cli(args: readonly string[], options: Partial<ChildOptions> = {}): Promise<Answer> {
    const asks = args[0] === 'kv' || (args[0] === 'cluster' && args[1] !== 'start');
    const named = args.includes('--endpoints') || this.plans.size === 0;
    const all = asks && !named ? [...args, '--endpoints', this.endpoints.join(',')] : args;
    const child = this.spawn(`dcache ${args.join(' ')}`, all, options);
    const { exitCode } = await child.ended;
    return { exitCode, stdout: child.stdout, stderr: child.stderr };
  }

  /** A client of the library in this process that asks the nodes of these names, or all; closed at the end of the scene. */
  client(...ids: string[]): DcacheClient {
    const endpoints = ids.length > 0 ? ids.map((id) => this.planOf(id).client) : this.endpoints;
    const client = new DcacheClient({ endpoints, timeoutMs: 10_000 });
    this.clients.push(client);
    return client;
  }

  /** raft mode: waits until these nodes (or all) have applied the same. */
  async untilEqual(...ids: string[]): Promise<readonly NodeReport[]> {
    const wanted = ids.length > 0 ? ids : [...this.plans.keys()];
    return this.until(`${wanted.join(', ')} have applied the same`, async () => {
      const report = await this.status(wanted[0] ?? '');
      const rows = report?.nodes.filter((node) => wanted.includes(node.nodeId) && node.up) ?? [];
      const [first] = rows;
      if (first === undefined || rows.length < wanted.length) return undefined;
      return rows.every(({ applied, keys }) => applied === first.applied && keys === first.keys) ? rows : undefined;
    });
  }

  /** Ends everything at once; stopped processes are killed as well. */
  async close(): Promise<void> {
    const closed = this.clients.map((client) => client.close());
    await this.stop();
    await Promise.all(closed);
  }
}

/** A test that is a scene of three nodes in raft mode. Scenes of one file run side by side: they mostly wait. */
export function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  test.concurrent(name, { timeout: SCENE_TIMEOUT_MS }, () => playScene(play));
}

/** For the scenes that cannot run beside others. */
export async function playScene(
  play: (scene: Scene) => Promise<void>,
  shape: ClusterShape = RAFT_OF_THREE,
): Promise<void> {
  const scene = new Scene(shape);
  try {
    await play(scene);
  } finally {
    await scene.close();
  }
}

export async function setText(client: DcacheClient, key: string, value: string): Promise<number> {
  return (await client.set(key, value)).version;
}

/** Undefined when there is no such key. */
export function getText(client: DcacheClient, key: string): Promise<string | undefined> {
  return client.get(key);
}
