/** The part of memjs that is used here; the package brings no types. */
declare module 'memjs' {
  export interface MemjsClient {
    get(key: Uint8Array | string): Promise<{ value: Buffer | null }>;
    set(key: Uint8Array | string, value: Buffer, options: { expires?: number }): Promise<boolean>;
    stats(callback: (error: Error | null, server: string, stats: Record<string, string> | null) => void): void;
    close(): void;
  }
  const memjs: { Client: { create(servers: string, options: { timeout: number; retries: number }): MemjsClient } };
  export default memjs;
}
