/**
 * A 3-node etcd of real processes, and its KV service through unary calls of grpc-js to its leader. Requests are written by hand
 * and replies are not decoded, which is in etcd's favour.
 */
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { freePorts } from '../../support/free-ports.js';

const PUT = '/etcdserverpb.KV/Put';
const RANGE = '/etcdserverpb.KV/Range';
const STATUS = '/etcdserverpb.Maintenance/Status';
const START_DEADLINE_MS = 30_000;

/** The version line of the etcd that is installed, undefined when there is none. */
export function etcdVersion(): string | undefined {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

export class EtcdCluster {
  private readonly folder = mkdtempSync(join(tmpdir(), 'dcache-bench-etcd-'));
  private children: ChildProcess[] = [];
  private leader: Client | undefined;

  static async start(nodes = 3): Promise<EtcdCluster> {
    const cluster = new EtcdCluster();
    try {
      await cluster.startNodes(nodes);
    } catch (error) {
      cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Field 1 is the key, field 2 the value. */
  put(key: Uint8Array, value: Uint8Array): Promise<Buffer> {
    return this.call(PUT, new BinaryWriter().uint32(10).bytes(key).uint32(18).bytes(value).finish());
  }

  /** Linearizable, which is what etcd does unless asked for less. */
  range(key: Uint8Array): Promise<Buffer> {
    return this.call(RANGE, new BinaryWriter().uint32(10).bytes(key).finish());
  }

  stop(): void {
    this.leader?.close();
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startNodes(nodes: number): Promise<void> {
    const ports = await freePorts(2 * nodes);
    const places = Array.from({ length: nodes }, (_, i) => ({
      name: `etcd${i + 1}`,
      client: `127.0.0.1:${ports[2 * i]}`,
      peer: `http://127.0.0.1:${ports[2 * i + 1]}`,
    }));
    const members = places.map(({ name, peer }) => `${name}=${peer}`).join(',');
    this.children = places.map(({ name, client, peer }) => {
      const data = ['--name', name, '--data-dir', join(this.folder, name), '--log-level', 'error'];
      const clients = ['--listen-client-urls', `http://${client}`, '--advertise-client-urls', `http://${client}`];
      const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', members];
      return spawn('etcd', [...data, ...clients, ...peers], { stdio: 'ignore' });
    });
    this.leader = await findLeader(places.map(({ client }) => client));
  }

  private call(path: string, message: Uint8Array): Promise<Buffer> {
    if (this.leader === undefined) return Promise.reject(new Error('etcd has not been started'));
    return unary(this.leader, path, Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  }
}

async function findLeader(addresses: readonly string[]): Promise<Client> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline) {
    for (const address of addresses) {
      const client = new Client(address, credentials.createInsecure());
      const status = await unary(client, STATUS, Buffer.alloc(0)).catch(() => undefined); // not up yet
      if (status !== undefined && leads(status)) return client;
      client.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('etcd has no leader after 30 s');
}

/** StatusResponse: field 1 is the header, whose field 2 is the member's id; field 4 is the id of the leader. */
function leads(status: Buffer): boolean {
  const header = fieldOf(new BinaryReader(status), 1, (reader) => reader.bytes());
  const leader = fieldOf(new BinaryReader(status), 4, (reader) => reader.uint64().toString());
  const member = header && fieldOf(new BinaryReader(header), 2, (reader) => reader.uint64().toString());
  return leader !== undefined && leader === member;
}

function fieldOf<T>(reader: BinaryReader, wanted: number, read: (reader: BinaryReader) => T): T | undefined {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted) return read(reader);
    reader.skip(type);
  }
  return undefined;
}

function unary(client: Client, path: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const same = (bytes: Buffer): Buffer => bytes;
    const options = { deadline: Date.now() + 10_000 };
    client.makeUnaryRequest(path, same, same, message, new Metadata(), options, (error, reply) => {
      if (reply !== undefined && error === null) resolve(reply);
      else reject(error ?? new Error('neither reply nor error'));
    });
  });
}
