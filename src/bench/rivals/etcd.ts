/**
 * An etcd of real processes, and its KV service through unary calls of grpc-js to its leader. Requests are written by hand
 * and replies are not decoded further than needed, which is in etcd's favour.
 */
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { join } from 'node:path';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { DcacheError } from '../../base/errors.js';
import { freePorts } from '../cluster/free-ports.js';
import { NodeProcess } from '../cluster/node-process.js';
import { makeTemporaryFolder, removeTemporaryFolder } from '../cluster/temporary-folder.js';
import { untilReady, versionOf, type Contender } from './rival.js';

const PUT = '/etcdserverpb.KV/Put';
const RANGE = '/etcdserverpb.KV/Range';
const STATUS = '/etcdserverpb.Maintenance/Status';
const TIMEOUT_MS = 10_000;
/** The default of 2 GiB is soon reached by a benchmark. */
const QUOTA_BYTES = 8 * 1024 ** 3;

/** The version line of the etcd that is installed, undefined when there is none. */
export function etcdVersion(): string | undefined {
  return versionOf('etcd');
}

export class EtcdCluster implements Contender {
  readonly name: string;
  readonly version = etcdVersion() ?? '';
  readonly tolerates: number;
  readonly processes: number;
  private readonly folder = makeTemporaryFolder('etcd');
  private nodes: NodeProcess[] = [];
  private channels: Client[] = [];
  private leader: Client | undefined;
  private emptyBytes = 0;

  private constructor(nodes: number) {
    this.name = `etcd, ${nodes} nodes`;
    this.processes = nodes;
    this.tolerates = Math.floor((nodes - 1) / 2);
  }

  static async start(nodes: number, signal: AbortSignal): Promise<EtcdCluster> {
    const cluster = new EtcdCluster(nodes);
    try {
      await cluster.startNodes(nodes, signal);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get pids(): readonly number[] {
    return this.nodes.map(({ pid }) => pid);
  }

  /** Field 1 is the key, field 2 the value. */
  async set(key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.call(PUT, new BinaryWriter().uint32(10).bytes(key).uint32(18).bytes(value).finish());
  }

  /** Linearizable, which is what etcd does unless asked for less. Field 4 of the reply is how many keys there are. */
  async get(key: Uint8Array): Promise<boolean> {
    const reply = await this.call(RANGE, new BinaryWriter().uint32(10).bytes(key).finish());
    return fieldOf(new BinaryReader(reply), 4, (reader) => reader.uint64().toString()) === '1';
  }

  async getMany(keys: readonly Uint8Array[]): Promise<number> {
    return (await Promise.all(keys.map((key) => this.get(key)))).filter((found) => found).length;
  }

  /** The databases of all nodes, pages that are free left out: field 9 of a status. */
  async heldBytes(): Promise<number> {
    return (await this.databaseBytes()) - this.emptyBytes;
  }

  async close(): Promise<void> {
    for (const channel of this.channels) channel.close();
    await Promise.all(this.nodes.map((node) => node.kill()));
    removeTemporaryFolder(this.folder);
  }

  private async startNodes(nodes: number, signal: AbortSignal): Promise<void> {
    const ports = await freePorts(2 * nodes);
    const places = Array.from({ length: nodes }, (_, i) => ({
      name: `etcd${i + 1}`,
      client: `127.0.0.1:${ports[2 * i]}`,
      peer: `http://127.0.0.1:${ports[2 * i + 1]}`,
    }));
    const members = places.map(({ name, peer }) => `${name}=${peer}`).join(',');
    this.nodes = places.map(({ name, client, peer }) => {
      const data = ['--name', name, '--data-dir', join(this.folder, name), '--log-level', 'error'];
      const quota = ['--quota-backend-bytes', String(QUOTA_BYTES)];
      const clients = ['--listen-client-urls', `http://${client}`, '--advertise-client-urls', `http://${client}`];
      const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', members];
      return new NodeProcess(name, ['etcd', ...data, ...quota, ...clients, ...peers], join(this.folder, `${name}.log`));
    });
    this.channels = places.map(({ client }) => new Client(client, credentials.createInsecure()));
    this.leader = await untilReady('etcd', signal, () => findLeader(this.channels));
    this.emptyBytes = await untilReady('etcd', signal, () => this.databaseBytes());
  }

  private async databaseBytes(): Promise<number> {
    const statuses = await Promise.all(this.channels.map((channel) => unary(channel, STATUS, Buffer.alloc(0))));
    const sizes = statuses.map((status) => fieldOf(new BinaryReader(status), 9, (reader) => Number(reader.int64())));
    return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  }

  private call(path: string, message: Uint8Array): Promise<Buffer> {
    if (this.leader === undefined) return Promise.reject(new DcacheError('UNREACHABLE', 'etcd has not been started'));
    return unary(this.leader, path, Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  }
}

async function findLeader(channels: readonly Client[]): Promise<Client | undefined> {
  for (const channel of channels) {
    const status = await unary(channel, STATUS, Buffer.alloc(0)).catch(() => undefined); // not up yet
    if (status !== undefined && leads(status)) return channel;
  }
  return undefined;
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
    const options = { deadline: Date.now() + TIMEOUT_MS };
    client.makeUnaryRequest(path, same, same, message, new Metadata(), options, (error, reply) => {
      if (reply !== undefined && error === null) resolve(reply);
      else reject(error ?? new DcacheError('INTERNAL', 'neither reply nor error'));
    });
  });
}
