/** The control thread's entry: puts the control actor together from real parts. Nothing else imports it. */
import { randomBytes } from 'node:crypto';
import { ControlActor } from '../actors/control/control-actor.js';
import type { ControlOptions } from '../actors/control/control-options.js';
import type { ControlEvent } from '../actors/control/events.js';
import { leasePublisher } from '../actors/control/lease-memory.js';
import type { ActorContext } from '../actors/runtime/actor.js';
import { eventLoopScheduler } from '../actors/runtime/scheduler.js';
import { runActorThread } from '../actors/runtime/thread-host.js';
import { PeerServer } from '../adapters/grpc/peer-server.js';
import { GrpcPeerTransport } from '../adapters/grpc/peer-transport.js';
import { openRaftLog } from '../adapters/lmdb/open-log.js';
import { openLogger, type LogFormat } from '../adapters/logger.js';
import { SnapshotFolder, snapshotFolder } from '../adapters/snapshot-folder.js';
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import type { LogLevel } from '../base/log.js';
import { pulseReader } from './pulse.js';

export interface ControlThreadOptions {
  readonly control: ControlOptions;
  readonly controlListen: string;
  readonly dataFolder: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Published by the main thread as long as it runs. */
  readonly pulse: SharedArrayBuffer;
  /** Where this thread publishes the node's lease (ecc mode); read by the main thread. */
  readonly lease: SharedArrayBuffer;
}

async function createControlActor(
  options: ControlThreadOptions,
  context: ActorContext<ControlEvent>,
): Promise<ControlActor> {
  const { control, dataFolder, controlListen } = options;
  const { nodeId, mode } = control.speaker;
  const { logger: root, close: closeLogger } = await openLogger({
    level: options.logLevel,
    format: options.logFormat,
    fields: { node: nodeId },
  });
  const logger = root.child('control');
  const { log, close: closeLog } = await openRaftLog({
    folder: dataFolder,
    maxTailBytes: LIMITS.maxLogTailBytes,
    journalBytes: LIMITS.journalBytes,
  });
  const identity = log.identity();
  if (identity !== undefined && (identity.nodeId !== nodeId || identity.mode !== mode)) {
    await closeLog();
    throw new DcacheError(
      'CONFIG_INVALID',
      `the data folder ${dataFolder} belongs to ${identity.nodeId} in ${identity.mode} mode; start it with --id ${identity.nodeId} --mode ${identity.mode}, or choose another --data-dir`,
    );
  }
  const files = new SnapshotFolder(snapshotFolder(dataFolder));
  await files.removeUnfinished();
  const transport = new GrpcPeerTransport();
  const server = new PeerServer(logger, (speaker) => transport.onGreeted(speaker));
  try {
    await server.listen(controlListen);
  } catch (error) {
    await closeLog();
    throw error;
  }
  const actor = new ControlActor(
    control,
    {
      log,
      transport,
      files,
      scheduler: eventLoopScheduler,
      logger,
      mainPulse: pulseReader(options.pulse),
      publishLease: leasePublisher(options.lease),
      newClusterId: () => randomBytes(16).toString('hex'),
      close: async () => {
        transport.close();
        await server.close();
        await closeLog();
        await closeLogger();
      },
    },
    context,
  );
  transport.serve(actor);
  server.serve(actor);
  actor.start();
  return actor;
}

runActorThread(createControlActor);
