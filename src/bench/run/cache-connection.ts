/** What every system that is measured can be asked for, and dcache's answer to it. */
import { bufferCodec } from '../../client/codec.js';
import { DcacheClient } from '../../client/client.js';

export interface CacheConnection {
  /** Whether the key was there. */
  get(key: Buffer): Promise<boolean>;
  set(key: Buffer, value: Buffer): Promise<void>;
  /** How many of them were there. */
  getMany(keys: readonly Buffer[]): Promise<number>;
  close(): Promise<void>;
}

export class DcacheConnection implements CacheConnection {
  readonly client: DcacheClient<Buffer>;

  constructor(endpoints: readonly string[], timeoutMs: number) {
    this.client = new DcacheClient({ endpoints, timeoutMs, codec: bufferCodec });
  }

  async get(key: Buffer): Promise<boolean> {
    return (await this.client.get(key)) !== undefined;
  }

  async set(key: Buffer, value: Buffer): Promise<void> {
    await this.client.set(key, value);
  }

  async getMany(keys: readonly Buffer[]): Promise<number> {
    return (await this.client.mget(keys)).filter((value) => value !== undefined).length;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
