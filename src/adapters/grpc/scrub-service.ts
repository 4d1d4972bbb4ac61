/** The Scrub call of the Cluster service: begins a scrub of this node and tells how far it is until it is over. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ScrubProgress, ScrubRun } from '../../actors/data-plane.js';
import { asDcacheError } from '../../base/errors.js';
import type { ClientBackend } from './backend.js';
import type { ScrubRequest, ScrubResponse } from './generated/dcache/v1/cluster.js';
import { toGrpcStatus } from './status.js';

const TELL_MS = 200;

/** A caller that hangs up does not end the scrub. */
export function serveScrub(backend: ClientBackend, call: ServerWritableStream<ScrubRequest, ScrubResponse>): void {
  let run: ScrubRun;
  try {
    run = backend.scrub();
  } catch (error) {
    call.emit('error', toGrpcStatus(asDcacheError(error)));
    return;
  }
  const tell = (progress: ScrubProgress, done: boolean): void => void call.write({ ...progress, done });
  const timer = setInterval(() => tell(run.progress, false), TELL_MS);
  for (const end of ['cancelled', 'close', 'error']) call.on(end, () => clearInterval(timer));
  run.done.then(
    (progress) => {
      clearInterval(timer);
      tell(progress, true);
      call.end();
    },
    (error: unknown) => call.emit('error', toGrpcStatus(asDcacheError(error))),
  );
}
